import {
  cancelPull,
  deleteModel,
  listPulls,
  loadModel,
  startPull,
  unloadModel,
  type ModelAction,
  type Pull,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { ModelAdminService } from './model-admin.service.ts';
import { PullsService } from './pulls.service.ts';

type Action = z.output<typeof loadModel.request>;

@Controller()
export class ModelAdminController {
  private readonly models: ModelAdminService;
  private readonly pulls: PullsService;

  constructor(models: ModelAdminService, pulls: PullsService) {
    this.models = models;
    this.pulls = pulls;
  }

  @HandleCall(loadModel)
  load(request: Action): Promise<ModelAction> {
    return this.models.load(request);
  }

  @HandleCall(unloadModel)
  unload(request: Action): Promise<ModelAction> {
    return this.models.unload(request);
  }

  @HandleCall(deleteModel)
  delete(request: Action): Promise<ModelAction> {
    return this.models.delete(request);
  }

  @HandleCall(startPull)
  pull({ userId, body }: z.output<typeof startPull.request>): Promise<Pull> {
    return this.pulls.start({ userId, ...body });
  }

  @HandleCall(listPulls)
  async list(): Promise<{ pulls: Pull[] }> {
    return { pulls: await this.pulls.list() };
  }

  @HandleCall(cancelPull)
  cancel({ pullId }: z.output<typeof cancelPull.request>): Promise<Pull> {
    return this.pulls.cancel(pullId);
  }
}
