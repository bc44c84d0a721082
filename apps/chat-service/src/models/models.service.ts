import { listEngineModels, type EngineModel, type ModelList } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, Log, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { MODEL_SETTINGS, PROCESS_MANAGER, type ModelSettings } from '../tokens.ts';
import { isCloudModel, modelKey } from './model-name.ts';

interface KnownModels {
  readonly models: readonly EngineModel[];
  readonly simulated: boolean;
  /** Whether a model that is not in the list is not installed. */
  readonly isCertain: boolean;
  readonly readAt: number;
}

/** How long a list serves before a request has it read again, in the background. */
const FRESH_MS = 10_000;
/** How many models a refusal names. */
const NAMED_CHOICES = 20;

/** What can be asked for. The list comes from the process-manager and never wakes the GPU. */
@Injectable()
export class ModelsService implements OnApplicationBootstrap {
  private readonly processManager: Pick<CallClient, 'call'>;
  private readonly settings: ModelSettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private last: KnownModels | null = null;
  private reading: Promise<KnownModels> | null = null;

  constructor(
    @Inject(PROCESS_MANAGER) processManager: Pick<CallClient, 'call'>,
    @Inject(MODEL_SETTINGS) settings: ModelSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.processManager = processManager;
    this.settings = settings;
    this.clock = clock;
    this.log = log;
  }

  onApplicationBootstrap(): void {
    this.readInBackground();
  }

  /** @throws AppError `engine.unavailable` and `call.*` while nobody can tell and no list has been read yet */
  async list(): Promise<ModelList> {
    const { models, simulated } = await this.read().catch((error: unknown) => {
      if (this.last === null) throw error;
      return this.last;
    });
    const defaultModel = this.defaultOf(models);
    return {
      models: models.map((model) => ({
        model: model.name,
        size_bytes: model.size_bytes,
        parameter_size: model.parameter_size === '' ? null : model.parameter_size,
        capabilities: model.capabilities,
        is_default: model.name === defaultModel,
      })),
      default_model: defaultModel,
      simulated,
    };
  }

  /**
   * The model to use, by its installed name. Answers at once from what is known; while nothing is known every name is
   * taken, and the engine has the last word.
   *
   * @throws AppError `chat.model_required` for no model, `model.unknown` for one that is not installed
   */
  accept(model: string | null): string {
    if (this.last === null || this.clock.now() - this.last.readAt > FRESH_MS) this.readInBackground();
    if (model === null || model === '') {
      throw new AppError('chat.model_required', {}, { issues: [{ path: 'model', message: this.choices() }] });
    }
    const isRefused = isCloudModel(model);
    if (!isRefused && (this.last === null || !this.last.isCertain)) return model;
    const installed = this.last?.models.find(({ name }) => modelKey(name) === modelKey(model));
    if (!isRefused && installed !== undefined) return installed.name;
    throw new AppError('model.unknown', { model }, { issues: [{ path: 'model', message: this.choices() }] });
  }

  /** Reads the list now; false when nobody could tell. */
  async refresh(): Promise<boolean> {
    try {
      await this.read();
      return true;
    } catch {
      return false;
    }
  }

  private defaultOf(models: readonly EngineModel[]): string {
    const wanted = modelKey(this.settings.defaultModel);
    const installed = models.find(({ name }) => modelKey(name) === wanted) ?? models[0];
    return installed?.name ?? this.settings.defaultModel;
  }

  private choices(): string {
    const names = (this.last?.models ?? []).slice(0, NAMED_CHOICES).map(({ name }) => name);
    return names.length === 0 ? 'name a model' : `choose one of: ${names.join(', ')}`;
  }

  /** One reading at a time, shared by everybody who asks meanwhile. */
  private read(): Promise<KnownModels> {
    this.reading ??= this.ask().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  private async ask(): Promise<KnownModels> {
    const { models, simulated, source } = await this.processManager.call(listEngineModels, {
      engine: 'ollama',
    });
    // An engine that has not run since the start has an empty list, which says nothing about what is installed.
    const isCertain = source === 'live' || models.length > 0;
    this.last = { models: models.filter(isForChat), simulated, isCertain, readAt: this.clock.now() };
    return this.last;
  }

  private readInBackground(): void {
    this.read().catch((error: unknown) => {
      this.log.debug('model.list', {
        outcome: 'failed',
        code: error instanceof AppError ? error.code : 'internal',
      });
    });
  }
}

/** Embedding models cannot answer; an old engine does not say what its models can do, and then they are shown. */
function isForChat({ name, capabilities }: EngineModel): boolean {
  return !isCloudModel(name) && (capabilities.length === 0 || capabilities.includes('completion'));
}
