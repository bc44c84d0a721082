import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, type Clock, type ErrorCode } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AnswerPlace, Seat, SeatRequest, ServerView } from '../places/answer-place.ts';
import { FairSlots, type GiveBack } from '../places/fair-slots.ts';
import { LOCAL_SETTINGS, type LocalSettings } from '../tokens.ts';
import { LocalChild, LocalChildError } from './local-child.ts';
import type { LocalModelFacts, LocalTrouble } from './local-wire.ts';
import { LocalDriver } from './local.driver.ts';

/** How long a look at the file serves before the next view has it looked at again, in the background. */
const FRESH_MS = 30_000;
/** A look at a file's head takes a second; one that takes this long will not end. */
const PROBE_MS = 60_000;

interface Known {
  readonly state: ServerView['state'];
  readonly errorCode: ErrorCode | null;
  readonly facts: LocalModelFacts | null;
  readonly sizeBytes: number;
  /** Size and time of the file that this was found in: another one is another model. */
  readonly stamp: string | null;
  readonly atMs: number | null;
}

const UNKNOWN: Known = {
  state: 'checking',
  errorCode: null,
  facts: null,
  sizeBytes: 0,
  stamp: null,
  atMs: null,
};

const CODES: Readonly<Record<LocalTrouble, ErrorCode>> = {
  not_installed: 'local.not_installed',
  no_binary: 'local.not_installed',
  bad_file: 'local.model_unreadable',
  no_memory: 'engine.start_failed',
  failed: 'engine.start_failed',
};

/** Answers by the CPU of this machine: slots, no lease. Without LOCAL_MODEL_PATH it is there to say that it is not. */
@Injectable()
export class LocalPlace implements AnswerPlace, OnApplicationBootstrap, OnApplicationShutdown {
  readonly server = 'local';
  readonly kind = 'cpu';
  readonly engineName = 'local';
  readonly engine: LocalDriver;
  private readonly settings: LocalSettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly slots: FairSlots;
  private known = UNKNOWN;
  private looking: Promise<void> | null = null;
  private probing: LocalChild | null = null;
  private isClosed = false;

  constructor(@Inject(LOCAL_SETTINGS) settings: LocalSettings, @Inject(CLOCK) clock: Clock, log: Log) {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    this.slots = new FairSlots(settings.maxConcurrent, clock);
    this.engine = new LocalDriver({ ...settings, sequences: settings.maxConcurrent }, clock);
  }

  onApplicationBootstrap(): void {
    void this.look();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.engine.close(), this.probing?.end()]);
    await this.looking;
  }

  view(): ServerView {
    const { state, errorCode, atMs } = this.known;
    if (atMs !== null && this.clock.monotonic() - atMs >= FRESH_MS) void this.look();
    const isSetUp = this.settings.modelPath !== null;
    return {
      id: this.server,
      place: this.kind,
      url: null,
      state: isSetUp ? state : 'down',
      breaker: 'closed',
      checked_at: atMs === null ? null : this.checkedAt(atMs),
      error_code: isSetUp ? errorCode : 'local.not_set_up',
      simulated: false,
      capabilities: [],
      default_model: this.modelName,
      max_concurrent: this.settings.maxConcurrent,
      running: this.slots.running,
      waiting: this.slots.waiting,
      models: this.models(),
      isListCertain: !isSetUp || state !== 'checking',
    };
  }

  look(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    this.looking ??= this.lookAtFile().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  async use<T>(request: SeatRequest, work: (seat: Seat) => Promise<T>): Promise<T> {
    const startedAt = this.clock.monotonic();
    const giveBack = await this.slot(request);
    const door = { url: '', headers: {}, signal: request.signal };
    try {
      return await work({
        door,
        timeline: { queuedMs: Math.round(this.clock.monotonic() - startedAt), swap: null },
        heard: () => undefined,
        causeOf: (error) => Promise.resolve(error),
      });
    } finally {
      // Whoever is next finds the model free; whoever has left does not wait for that.
      void this.engine.quiet(door).then(() => {
        giveBack();
        request.onFreed?.({ isQuiet: true });
      });
    }
  }

  private async slot(request: SeatRequest): Promise<GiveBack> {
    try {
      this.refuseUnlessReady();
      return await this.slots.take(request);
    } catch (error) {
      request.onFreed?.({ isQuiet: true });
      throw error;
    }
  }

  private get modelName(): string | null {
    const { modelPath } = this.settings;
    return modelPath === null ? null : basename(modelPath).replace(/\.gguf$/i, '');
  }

  /** While the first look is still under way nobody is refused: the engine will say what is wrong. */
  private refuseUnlessReady(): void {
    if (this.settings.modelPath === null) throw new AppError('local.not_set_up');
    if (this.known.state === 'down') throw new AppError(this.known.errorCode ?? 'engine.unavailable');
  }

  private models(): ServerView['models'] {
    const { facts, sizeBytes } = this.known;
    if (facts === null || this.modelName === null) return [];
    const { loadedBytes } = this.engine;
    return [
      {
        model: this.modelName,
        size_bytes: sizeBytes,
        parameter_size: parameterSize(facts.parameters),
        quantization: facts.quantization ?? null,
        context_length: Math.min(facts.contextLength, this.settings.contextLength),
        capabilities: ['completion', ...(facts.thinks ? ['thinking'] : [])],
        loaded: loadedBytes !== null,
        loaded_bytes: loadedBytes,
      },
    ];
  }

  private checkedAt(atMs: number): string {
    return new Date(this.clock.now() - (this.clock.monotonic() - atMs)).toISOString();
  }

  private async lookAtFile(): Promise<void> {
    const { modelPath } = this.settings;
    if (modelPath === null) return;
    const file = await stat(modelPath).catch(() => null);
    const stamp = file?.isFile() === true ? `${file.size}-${file.mtimeMs}` : null;
    if (stamp === null || file === null) {
      this.found({ ...UNKNOWN, state: 'down', errorCode: 'local.model_unreadable' }, 'there is no such file');
      return;
    }
    const isDecided = this.known.state === 'up' || this.known.errorCode === 'local.model_unreadable';
    if (stamp === this.known.stamp && isDecided) {
      this.known = { ...this.known, atMs: this.clock.monotonic() };
      return;
    }
    const about = { sizeBytes: file.size, stamp, atMs: null };
    try {
      const facts = await this.probe(modelPath);
      this.found({ ...about, state: 'up', errorCode: null, facts }, null);
    } catch (error) {
      if (this.isClosed) return;
      const trouble = error instanceof LocalChildError ? error.trouble : 'failed';
      const cause = error instanceof Error ? error.message : String(error);
      this.found({ ...about, state: 'down', errorCode: CODES[trouble], facts: null }, cause);
    }
  }

  /** In a process of its own: reading a file that is no model has crashed native code before. */
  private async probe(modelPath: string): Promise<LocalModelFacts> {
    const child = new LocalChild();
    this.probing = child;
    const cancel = this.clock.after(PROBE_MS, () => void child.end());
    try {
      return await child.probe(modelPath);
    } finally {
      cancel();
      this.probing = null;
      await child.end();
    }
  }

  private found(now: Known, cause: string | null): void {
    const before = this.known;
    this.known = { ...now, atMs: this.clock.monotonic() };
    if (before.state === now.state && before.errorCode === now.errorCode) return;
    const { errorCode: code } = now;
    if (code === null) this.log.event('local.ready', { model: this.modelName });
    else this.log.warn('local.not_ready', { code, cause });
  }
}

/** As model makers write it: 1.7B, 135M. */
function parameterSize(parameters: number): string {
  const units = [
    ['B', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ] as const;
  const [unit, size] = units.find(([, from]) => parameters >= from) ?? ['', 1];
  const number = parameters / size;
  return `${number < 10 ? number.toFixed(1) : Math.round(number)}${unit}`;
}
