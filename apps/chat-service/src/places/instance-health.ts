import type { ModelServer, ServerModel } from '@baton/contracts';
import { codeOf, type Clock } from '@baton/kernel';
import type { Log } from '@baton/platform';
import type { InstalledModel, LoadedModel, OllamaApi } from '../engines/ollama-api.ts';

export interface Health {
  readonly state: ModelServer['state'];
  readonly checkedAtMs: number | null;
  readonly errorCode: string | null;
  readonly models: readonly ServerModel[];
  readonly isListCertain: boolean;
}

export interface HealthContext {
  readonly server: string;
  readonly api: Pick<OllamaApi, 'installed' | 'loaded' | 'capabilities'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two looks. A model that was loaded or installed meanwhile is noticed this late. */
const LOOK_MS = 10_000;
/** One silence may be a hiccup of a server that is busy loading: it counts when a second look soon after agrees. */
const SECOND_LOOK_MS = 1_000;

const UNKNOWN: Health = {
  state: 'checking',
  checkedAtMs: null,
  errorCode: null,
  models: [],
  isListCertain: false,
};

/** Looks at one server again and again, so that nobody who asks has to wait for it. */
export class InstanceHealth {
  private readonly context: HealthContext;
  private readonly capabilitiesByDigest = new Map<string, readonly string[]>();
  private last: Health = UNKNOWN;
  private looking: Promise<void> | null = null;
  private cancelNext: () => void = () => undefined;
  private isRunning = false;
  private readonly downListeners: (() => void)[] = [];

  constructor(context: HealthContext) {
    this.context = context;
  }

  get current(): Health {
    return this.last;
  }

  /** Told each time when the server is found to be down that was not before. */
  onDown(listener: () => void): void {
    this.downListeners.push(listener);
  }

  start(): void {
    this.isRunning = true;
    void this.look();
  }

  stop(): void {
    this.isRunning = false;
    this.cancelNext();
  }

  /** One look at a time, shared by whoever asks meanwhile. Never throws. */
  look(): Promise<void> {
    this.looking ??= this.lookNow().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async lookNow(): Promise<void> {
    this.cancelNext();
    const before = this.last;
    let nextMs = LOOK_MS;
    try {
      this.last = await this.seen();
    } catch (error) {
      const isFirstSilence = before.state === 'up' && before.errorCode === null;
      if (isFirstSilence) nextMs = SECOND_LOOK_MS;
      this.last = {
        ...before,
        state: isFirstSilence ? 'up' : 'down',
        checkedAtMs: this.context.clock.now(),
        errorCode: codeOf(error),
      };
    }
    this.reportChange(before);
    if (this.isRunning) this.cancelNext = this.context.clock.after(nextMs, () => void this.look());
  }

  private async seen(): Promise<Health> {
    const { api, clock } = this.context;
    // Whether a model is loaded is good to know and no more: a `ps` that stands still makes nobody unwell.
    const [installed, loaded] = await Promise.all([api.installed(), api.loaded().catch(() => null)]);
    const models: ServerModel[] = [];
    for (const model of installed) models.push(modelOf(model, await this.capabilitiesOf(model), loaded));
    return {
      state: 'up',
      checkedAtMs: clock.now(),
      errorCode: null,
      models,
      isListCertain: true,
    };
  }

  /** Asked for once per model, where the list itself does not say. */
  private async capabilitiesOf({ name, digest, capabilities }: InstalledModel): Promise<readonly string[]> {
    if (capabilities !== null) return capabilities;
    const known = this.capabilitiesByDigest.get(digest);
    if (known !== undefined) return known;
    const told = await this.context.api.capabilities(name).catch(() => null);
    if (told !== null) this.capabilitiesByDigest.set(digest, told);
    return told ?? [];
  }

  private reportChange(before: Health): void {
    const { state, errorCode, models } = this.last;
    if (before.state === state) return;
    const { server, log } = this.context;
    const fields = { server, outcome: state, code: errorCode, models: models.length };
    if (state !== 'down') {
      log.event('model_server.look', fields);
      return;
    }
    log.warn('model_server.look', fields);
    for (const tell of this.downListeners) tell();
  }
}

function modelOf(
  model: InstalledModel,
  capabilities: readonly string[],
  loaded: readonly LoadedModel[] | null,
): ServerModel {
  // Two names of one set of weights share what is loaded, and it is listed under one of them.
  const inMemory = loaded?.find(
    ({ name, digest }) => name === model.name || (digest !== '' && digest === model.digest),
  );
  return {
    model: model.name,
    size_bytes: Math.round(model.sizeBytes),
    parameter_size: model.parameterSize,
    quantization: model.quantization,
    context_length: model.contextLength,
    capabilities: [...capabilities],
    loaded: loaded === null ? null : inMemory !== undefined,
    loaded_bytes: inMemory === undefined ? null : Math.round(inMemory.bytes),
  };
}
