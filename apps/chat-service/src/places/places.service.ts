import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, Log, Metrics } from '@baton/platform';
import {
  Inject,
  Injectable,
  Optional,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { OllamaApi } from '../engines/ollama-api.ts';
import { OllamaDriver } from '../engines/ollama.driver.ts';
import { modelKey } from '../models/model-name.ts';
import { LOCAL_PLACE, MODEL_SETTINGS, type ModelSettings } from '../tokens.ts';
import type { AnswerPlace, ServerView } from './answer-place.ts';
import { GpuNodeModels } from './gpu-node-models.ts';
import { GpuPlace } from './gpu-place.ts';
import { InstanceHealth } from './instance-health.ts';
import type { Instance } from './instances.ts';
import { OllamaPlace } from './ollama-place.ts';
import { inOrderOfPreference } from './preference.ts';

/** What somebody wants a place for. */
export interface PlaceWish {
  readonly model: string;
  readonly engine: 'auto' | 'local' | 'gpu';
  /** Servers that have failed at it. */
  readonly tried: ReadonlySet<string>;
}

/** All places where answers are made, and which of them is best for one. */
@Injectable()
export class PlacesService implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private readonly places: readonly AnswerPlace[];
  private readonly gpuNodeModels: GpuNodeModels;
  private readonly elsewhere: readonly Elsewhere[];

  constructor(
    gpu: GpuPlace,
    gpuNodeModels: GpuNodeModels,
    @Inject(MODEL_SETTINGS) { instances }: ModelSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
    metrics: Metrics,
    @Optional() @Inject(LOCAL_PLACE) local: AnswerPlace | null,
  ) {
    this.gpuNodeModels = gpuNodeModels;
    this.elsewhere = instances.map((instance) => new Elsewhere(instance, clock, log));
    const others = this.elsewhere.map(({ place }) => place);
    this.places = local === null ? [gpu, ...others] : [gpu, ...others, local];
    measure(metrics, this.places);
  }

  onApplicationBootstrap(): void {
    this.gpuNodeModels.freshen();
    for (const { health } of this.elsewhere) health.start();
  }

  onModuleDestroy(): void {
    for (const { health } of this.elsewhere) health.stop();
  }

  /** After the replies have ended. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.elsewhere.map((one) => one.close()));
  }

  get all(): readonly AnswerPlace[] {
    return this.places;
  }

  /** `server` as in `main`, `1`, `local`; undefined for one that is not configured. */
  find(server: string): AnswerPlace | undefined {
    return this.places.find((place) => place.server === server);
  }

  /** From memory; what may be old is read again behind the back. */
  views(): ServerView[] {
    this.gpuNodeModels.freshen();
    return this.places.map((place) => place.view());
  }

  /** Has the process-manager asked now what is on the GPU nodes, and waits for that. */
  lookAtNode(): Promise<void> {
    return this.gpuNodeModels.read();
  }

  /**
   * Where an answer by this model is best made.
   *
   * @throws AppError `local.not_set_up`, `model.unknown` when no server that may be used has it and is still to be tried
   */
  best({ model, engine, tried }: PlaceWish): AnswerPlace {
    if (engine === 'local') return this.local();
    const best = this.another({ model, engine, tried });
    if (best !== null) return best;
    const key = modelKey(model);
    const cpu = this.places.find((place) => place.kind === 'cpu' && has(place.view(), key));
    if (engine !== 'gpu' && cpu !== undefined && !tried.has(cpu.server)) return cpu;
    // Not known to be anywhere: the GPU nodes' engine has the last word, once.
    const gpu = this.places.find(({ kind }) => kind === 'gpu');
    if (gpu === undefined || tried.size > 0) throw new AppError('model.unknown', { model });
    return gpu;
  }

  /**
   * Resolves when no server that was not seen yet may be the only one with this model: at once, but in the first moments of
   * a process. Else what an earlier process left would be asked of the GPU, and something loaded there for nothing.
   */
  async known({ model, engine }: PlaceWish): Promise<void> {
    const key = modelKey(model);
    if (engine === 'local' || this.places.some((place) => has(place.view(), key))) return;
    const unseen = this.elsewhere.filter(({ health }) => health.current.state === 'checking');
    await Promise.all(unseen.map(({ health }) => health.look()));
  }

  /** The best place that has this model for certain, or may well have it; null when there is none to be tried. */
  another({ model, engine, tried }: PlaceWish): AnswerPlace | null {
    if (engine === 'local') return null;
    const key = modelKey(model);
    const candidates = this.places
      .filter(({ kind, server }) => kind !== 'cpu' && !tried.has(server))
      .map((place) => ({ place, view: place.view() }))
      .filter(({ view }) => has(view, key) || mayHave(view, key));
    return inOrderOfPreference(candidates, key)[0]?.place ?? null;
  }

  private local(): AnswerPlace {
    const local = this.places.find(({ kind }) => kind === 'cpu');
    if (local === undefined) throw new AppError('local.not_set_up');
    return local;
  }
}

/** One server elsewhere with all that belongs to it: connections of its own for answers and for looks. */
class Elsewhere {
  readonly place: OllamaPlace;
  readonly health: InstanceHealth;
  private readonly api: OllamaApi;
  private readonly engine: OllamaDriver;

  constructor(instance: Instance, clock: Clock, log: Log) {
    this.api = new OllamaApi(instance.url, clock);
    this.engine = new OllamaDriver(clock);
    this.health = new InstanceHealth({ server: instance.server, api: this.api, clock, log });
    this.place = new OllamaPlace({ instance, engine: this.engine, health: this.health, clock });
  }

  async close(): Promise<void> {
    this.health.stop();
    await Promise.all([this.api.close(), this.engine.onApplicationShutdown()]);
  }
}

function has(view: ServerView, key: string): boolean {
  return view.models.some(({ model }) => modelKey(model) === key);
}

/** While nobody knows what is on a server: the GPU nodes' may have anything, another one what it is configured for. */
function mayHave({ isListCertain, place, state, default_model: usual }: ServerView, key: string): boolean {
  if (isListCertain) return false;
  return place === 'gpu' || (state === 'checking' && usual !== null && modelKey(usual) === key);
}

/** Read when somebody scrapes, from what is in memory. */
function measure(metrics: Metrics, places: readonly AnswerPlace[]): void {
  const gauge = (name: string, help: string, read: (view: ServerView) => number): void => {
    metrics.gauge({
      name,
      help,
      labelNames: ['server'],
      collect() {
        for (const place of places) this.set({ server: place.server }, read(place.view()));
      },
    });
  };
  gauge('baton_model_server_up', 'Whether a model server answers: 1 or 0', ({ state }) =>
    Number(state === 'up'),
  );
  gauge('baton_model_server_running', 'Answers under way at a model server', ({ running }) => running);
  gauge('baton_model_server_waiting', 'Answers that wait for a model server', ({ waiting }) => waiting);
  gauge('baton_model_server_breaker', 'Circuit breaker: 0 closed, 1 half-open, 2 open', ({ breaker }) =>
    ['closed', 'half_open', 'open'].indexOf(breaker),
  );
}
