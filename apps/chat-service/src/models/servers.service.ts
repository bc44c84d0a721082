import { taskType, type ModelServer, type TaskModels } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { AnswerPlace, ServerView } from '../places/answer-place.ts';
import { sameServer } from '../places/instances.ts';
import { PlacesService } from '../places/places.service.ts';
import { MODEL_SETTINGS, type ModelSettings } from '../tokens.ts';
import { ModelsService } from './models.service.ts';
import { specialistsOf } from './specialists.ts';

/** The model servers as they are told about. Where they are is for administrators only. */
@Injectable()
export class ServersService {
  private readonly places: PlacesService;
  private readonly models: ModelsService;
  private readonly settings: ModelSettings;

  constructor(places: PlacesService, models: ModelsService, @Inject(MODEL_SETTINGS) settings: ModelSettings) {
    this.places = places;
    this.models = models;
    this.settings = settings;
  }

  /** From memory. */
  list(isAdmin: boolean): ModelServer[] {
    return this.places.views().map((view) => told(view, isAdmin));
  }

  /**
   * One server, looked at now. An address is compared with the configured ones and never asked.
   *
   * @throws AppError `server.unknown`
   */
  async read(
    {
      server,
      server_url: url,
    }: { readonly server?: string | undefined; readonly server_url?: string | undefined },
    isAdmin: boolean,
  ): Promise<ModelServer> {
    const place = server === undefined ? this.at(url ?? '') : this.places.find(server);
    if (place === undefined) throw this.unknown(server === undefined ? 'server_url' : 'server');
    await place.look();
    return told(place.view(), isAdmin);
  }

  tasks(): TaskModels {
    const specialists = specialistsOf(this.places.views(), this.settings);
    return {
      models: specialists.map(({ model, server, capabilities, maxConcurrent, isAvailable }) => ({
        model,
        server,
        capabilities: [...capabilities],
        max_concurrent: maxConcurrent,
        available: isAvailable,
      })),
      tasks: taskType.options.map((task) => {
        const { model, routing } = this.models.forTask(task);
        return { task_type: task, model, fallback: routing?.because !== 'task_type' };
      }),
      pair: this.models.pair(),
    };
  }

  private at(url: string): AnswerPlace | undefined {
    const wanted = serverKey(url);
    if (wanted === null) return undefined;
    return this.places.all.find((place) => {
      const known = place.view().url;
      return known !== null && serverKey(known) === wanted;
    });
  }

  private unknown(path: string): AppError {
    const ids = this.places.all.map(({ server }) => server).join(', ');
    return new AppError('server.unknown', {}, { issues: [{ path, message: `the servers are: ${ids}` }] });
  }
}

function told({ isListCertain, ...server }: ServerView, isAdmin: boolean): ModelServer {
  // A list that nobody could vouch for is told as one that is still being looked for.
  const state = isListCertain || server.state === 'down' ? server.state : 'checking';
  return { ...server, state, url: isAdmin ? server.url : null };
}

function serverKey(url: string): string | null {
  return URL.canParse(url) ? sameServer(url) : null;
}
