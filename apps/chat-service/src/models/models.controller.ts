import {
  listModels,
  listServers,
  readServerModels,
  readTaskModels,
  type ModelList,
  type ModelServer,
  type TaskModels,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { ModelsService } from './models.service.ts';
import { ServersService } from './servers.service.ts';

@Controller()
export class ModelsController {
  private readonly models: ModelsService;
  private readonly servers: ServersService;

  constructor(models: ModelsService, servers: ServersService) {
    this.models = models;
    this.servers = servers;
  }

  @HandleCall(listModels)
  list(): Promise<ModelList> {
    return this.models.list();
  }

  @HandleCall(listServers)
  async listServers({ isAdmin }: z.output<typeof listServers.request>): Promise<{ servers: ModelServer[] }> {
    return Promise.resolve({ servers: this.servers.list(isAdmin) });
  }

  @HandleCall(readServerModels)
  readServer({ isAdmin, query }: z.output<typeof readServerModels.request>): Promise<ModelServer> {
    return this.servers.read(query, isAdmin);
  }

  @HandleCall(readTaskModels)
  async tasks(): Promise<TaskModels> {
    return this.servers.tasks();
  }
}
