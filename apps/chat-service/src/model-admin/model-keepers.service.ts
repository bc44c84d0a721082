import { ollamaLoadOptions } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { isCloudModel, modelKey } from '../models/model-name.ts';
import type { AnswerPlace } from '../places/answer-place.ts';
import { PlacesService } from '../places/places.service.ts';
import { MODEL_ADMIN_SETTINGS, type ModelAdminSettings } from '../tokens.ts';
import type { ModelKeeper } from './model-keeper.ts';
import { NodeModelsClient } from './node-models.client.ts';
import { OllamaModelsClient } from './ollama-models.client.ts';

/** The places as far as changing models is concerned. */
export type ModelPlaces = Pick<PlacesService, 'all' | 'find'>;

export interface ChosenServer {
  readonly server: string;
  readonly keeper: ModelKeeper;
  /** The list of models is out of date: it is read again, and nobody has to wait for the next look. */
  readonly look: () => Promise<void>;
}

/** Which server is meant, and how its models are changed. Addresses come from the configuration alone. */
@Injectable()
export class ModelKeepers implements OnApplicationShutdown {
  private readonly places: ModelPlaces;
  private readonly node: ModelKeeper;
  private readonly settings: ModelAdminSettings;
  private readonly clock: Clock;
  private readonly elsewhere = new Map<string, OllamaModelsClient>();

  constructor(
    @Inject(PlacesService) places: ModelPlaces,
    @Inject(NodeModelsClient) node: ModelKeeper,
    @Inject(MODEL_ADMIN_SETTINGS) settings: ModelAdminSettings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.places = places;
    this.node = node;
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * The named server; else the one that has the model, the GPU node's before others; else the GPU node's.
   *
   * @throws AppError `server.unknown`, `model.cannot_change` for the CPU engine, `model.unknown` for a model of a cloud
   */
  choose(model: string, server: string | undefined): ChosenServer {
    if (isCloudModel(model)) throw new AppError('model.unknown', { model });
    const place = server === undefined ? this.holderOf(model) : this.places.find(server);
    if (place === undefined) {
      const message = `must be one of ${this.places.all.map((known) => known.server).join(', ')}`;
      throw new AppError('server.unknown', { server }, { issues: [{ path: 'server', message }] });
    }
    if (place.kind === 'cpu') throw new AppError('model.cannot_change', { server: place.server });
    const keeper = place.kind === 'gpu' ? this.node : this.keeperOf(place);
    return { server: place.server, keeper, look: () => place.look() };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.elsewhere.values()].map((client) => client.close()));
  }

  private holderOf(model: string): AnswerPlace | undefined {
    const changeable = this.places.all.filter(({ kind }) => kind !== 'cpu');
    const key = modelKey(model);
    const holder = changeable.find((place) =>
      place.view().models.some((installed) => modelKey(installed.model) === key),
    );
    return holder ?? changeable.find(({ kind }) => kind === 'gpu');
  }

  private keeperOf(place: AnswerPlace): OllamaModelsClient {
    const known = this.elsewhere.get(place.server);
    if (known !== undefined) return known;
    const { url } = place.view();
    if (url === null) throw new AppError('server.unknown', { server: place.server });
    const { contextLength, keepAlive } = this.settings;
    const client = new OllamaModelsClient(
      { url, keepAlive, loadOptions: ollamaLoadOptions(contextLength) },
      this.clock,
    );
    this.elsewhere.set(place.server, client);
    return client;
  }
}
