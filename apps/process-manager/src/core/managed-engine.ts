import { AppError, pause, type Clock } from '@baton/kernel';
import type { DriverKind, EngineDriver, EngineExit, EngineLogs, ReadinessProbe } from './engine-driver.ts';
import { Listeners } from './listeners.ts';
import { TaskQueue } from './task-queue.ts';

export type ManagedState = 'stopped' | 'starting' | 'ready' | 'stopping' | 'failed' | 'unreachable';

export interface ManagedEngineTimes {
  /** How long a start may take until the engine answers. */
  readonly startTimeoutMs: number;
  /** Between two questions whether a starting engine answers. */
  readonly probeIntervalMs: number;
  /** An engine may accept a connection and not answer: one question lasts no longer than this. */
  readonly probeTimeoutMs: number;
  /** Wait before the first restart after a crash; doubles with each crash in a row up to `maxBackOffMs`. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  /** An engine that lived this long has recovered: the next crash counts as the first. */
  readonly recoveredAfterMs: number;
}

export const ENGINE_TIMES: ManagedEngineTimes = {
  startTimeoutMs: 120_000,
  probeIntervalMs: 20,
  probeTimeoutMs: 2_000,
  backOffMs: 500,
  maxBackOffMs: 30_000,
  recoveredAfterMs: 60_000,
};

export interface ManagedEngineParts {
  readonly name: string;
  readonly driver: EngineDriver;
  readonly probe: ReadinessProbe;
  readonly clock: Clock;
  readonly times?: Partial<ManagedEngineTimes>;
}

/**
 * The one owner of an engine's process. Callers ask for what should be (`ensureReady`, `stop`); the owner does one thing
 * at a time and decides by the state it finds then. `stop` aborts a start in progress. An engine that ends by itself is
 * started again, after a growing pause, for as long as it is wanted.
 *
 * Reading `state` for a report is fine; a caller that reads it in order to decide what to ask is a bug.
 */
export class ManagedEngine {
  readonly name: string;
  private readonly driver: EngineDriver;
  private readonly probe: ReadinessProbe;
  private readonly clock: Clock;
  private readonly times: ManagedEngineTimes;
  private readonly queue = new TaskQueue();
  private readonly changes = new Listeners<[ManagedState]>();
  private readonly exits = new Listeners<[EngineExit]>();
  private current: ManagedState = 'stopped';
  private isWanted = false;
  private starting: AbortController | null = null;
  private cancelRestart: () => void = () => undefined;
  private crashesInRow = 0;
  private readyAt = 0;
  private restartCount = 0;
  private exitsSeen = 0;

  constructor(parts: ManagedEngineParts) {
    this.name = parts.name;
    this.driver = parts.driver;
    this.probe = parts.probe;
    this.clock = parts.clock;
    this.times = { ...ENGINE_TIMES, ...parts.times };
    this.driver.onExit((exit) => this.noteExit(exit));
  }

  get state(): ManagedState {
    return this.current;
  }

  get kind(): DriverKind {
    return this.driver.kind;
  }

  /** Whether `stop` ends it, so that it is an answer to an engine that will not give the card back. */
  get canStop(): boolean {
    return this.driver.canStop;
  }

  get logs(): EngineLogs | null {
    return this.driver.logs;
  }

  /** Null until a child has been started once. */
  get url(): string | null {
    return this.driver.url;
  }

  get restarts(): number {
    return this.restartCount;
  }

  onChange(listener: (state: ManagedState) => void): () => void {
    return this.changes.add(listener);
  }

  /** Told of every end that nobody asked for. */
  onExit(listener: (exit: EngineExit) => void): () => void {
    return this.exits.add(listener);
  }

  /**
   * Resolves with the engine's address when it answers.
   *
   * @throws AppError `engine.start_failed` when a child does not come up in time or was stopped meanwhile,
   *   `engine.unavailable` when an attached engine does not answer
   */
  ensureReady(): Promise<string> {
    this.isWanted = true;
    this.cancelRestart();
    return this.queue.run(() => this.bringUp());
  }

  /**
   * Resolves when nothing of it is left. On an engine that is not ours to stop it only ends our own waiting for it.
   *
   * @throws AppError `engine.failed` when something of it would not go; it counts as failed then, not as stopped
   */
  stop(): Promise<void> {
    this.unwant();
    return this.queue.run(async () => {
      if (this.driver.canStop) await this.end('stopped');
    });
  }

  /**
   * Ends it and starts it anew, after the pause that follows a crash: an engine that has to be restarted again and again
   * is left in peace for longer and longer. Resolves when the old one is gone.
   *
   * @throws AppError `engine.not_ours`, and as `stop`
   */
  restart(): Promise<void> {
    if (!this.driver.canStop) {
      return Promise.reject(new AppError('engine.not_ours', { engine: this.name, driver: this.driver.kind }));
    }
    this.unwant();
    // Before the queue's turn, so that a stop that is asked for later has the last word.
    this.isWanted = true;
    return this.queue.run(async () => {
      this.forgetOldCrashes();
      try {
        await this.end('failed');
      } finally {
        this.planRestart();
      }
    });
  }

  /** As the driver's: kills what the engine has started, not the engine. */
  endWorkers(): Promise<number> {
    return this.driver.endWorkers();
  }

  /** The first look, before anything is asked for: an engine that runs already keeps running, and is ours to look after. */
  adopt(): Promise<void> {
    const isKnown = this.driver.canStop ? this.queue.run(() => this.driver.adopt()) : Promise.resolve(false);
    return isKnown.then(async (isRunning) => {
      if (!isRunning) return this.check();
      // One that is only coming up is waited for in the background; it shows in the state.
      const ready = this.ensureReady().catch(() => undefined);
      const { url } = this.driver;
      if (url !== null && (await this.answers(url))) await ready;
    });
  }

  /** Looks whether an engine that is not ours answers; its state follows. One of ours is watched by `EngineWatch`. */
  check(): Promise<void> {
    const { canStop, url } = this.driver;
    if (canStop || url === null) return Promise.resolve();
    return this.queue.run(async () => this.become((await this.answers(url)) ? 'ready' : 'unreachable'));
  }

  /** One question to a ready engine, within `limitMs`. True also while there is nobody to ask. */
  async isAnswering(limitMs: number): Promise<boolean> {
    const { url } = this.driver;
    if (this.current !== 'ready' || url === null) return true;
    return this.answers(url, undefined, limitMs);
  }

  /** For the end of our own process, after `stop`: whatever else runs, runs on. */
  async close(): Promise<void> {
    this.unwant();
    await this.driver.close();
  }

  private unwant(): void {
    this.isWanted = false;
    this.cancelRestart();
    this.starting?.abort(
      new AppError('engine.start_failed', { engine: this.name, cause: 'stopped meanwhile' }),
    );
  }

  private async end(asWhat: 'stopped' | 'failed'): Promise<void> {
    this.become('stopping');
    try {
      await this.driver.stop();
    } catch (cause) {
      this.become('failed');
      throw cause;
    }
    this.become(asWhat);
  }

  private async bringUp(): Promise<string> {
    if (!this.driver.canStop) return this.reachAttached();
    const url = this.driver.url;
    if (this.current === 'ready' && url !== null) return url;
    const starting = new AbortController();
    this.starting = starting;
    this.become('starting');
    const exitsBefore = this.exitsSeen;
    try {
      if (!this.isWanted) starting.abort(new AppError('engine.start_failed', { engine: this.name }));
      starting.signal.throwIfAborted();
      await this.driver.start(starting.signal);
      const startedUrl = this.driver.url;
      if (startedUrl === null) throw new Error('a started engine has an address');
      await this.untilReady(startedUrl, starting.signal, exitsBefore);
      this.readyAt = this.clock.monotonic();
      this.become('ready');
      return startedUrl;
    } catch (cause) {
      // What would not go is refused by the next start; the reason to tell is why this one failed.
      await this.driver.stop().catch(() => undefined);
      this.become(this.isWanted ? 'failed' : 'stopped');
      this.planRestart();
      if (cause instanceof AppError && cause.code === 'engine.start_failed') throw cause;
      throw new AppError('engine.start_failed', { engine: this.name }, { cause });
    } finally {
      this.starting = null;
    }
  }

  private async reachAttached(): Promise<string> {
    const { url } = this.driver;
    if (url !== null && (await this.answers(url))) {
      this.become('ready');
      return url;
    }
    this.become('unreachable');
    throw new AppError('engine.unavailable', { engine: this.name });
  }

  private async untilReady(url: string, signal: AbortSignal, exitsBefore: number): Promise<void> {
    const deadline = this.clock.monotonic() + this.times.startTimeoutMs;
    for (;;) {
      signal.throwIfAborted();
      if (this.exitsSeen !== exitsBefore) {
        throw new AppError('engine.start_failed', { engine: this.name, cause: 'ended while starting' });
      }
      if (await this.answers(url, signal)) break;
      if (this.clock.monotonic() > deadline) {
        throw new AppError('engine.start_failed', { engine: this.name, cause: 'no answer in time' });
      }
      await pause(this.clock, this.times.probeIntervalMs, signal);
    }
    signal.throwIfAborted();
  }

  private async answers(
    url: string,
    signal?: AbortSignal,
    limitMs = this.times.probeTimeoutMs,
  ): Promise<boolean> {
    const tooLong = new AbortController();
    const cancel = this.clock.after(limitMs, () => tooLong.abort());
    try {
      return await this.probe(url, signal ? AbortSignal.any([signal, tooLong.signal]) : tooLong.signal);
    } finally {
      cancel();
    }
  }

  private noteExit(exit: EngineExit): void {
    this.exitsSeen += 1;
    this.exits.tell(exit);
    // A start in progress notices by itself and decides there.
    if (this.starting !== null || this.current !== 'ready') return;
    this.forgetOldCrashes();
    this.become('failed');
    this.planRestart();
  }

  private forgetOldCrashes(): void {
    if (this.clock.monotonic() - this.readyAt > this.times.recoveredAfterMs) this.crashesInRow = 0;
  }

  private planRestart(): void {
    if (!this.isWanted) return;
    this.cancelRestart();
    const waitMs = Math.min(this.times.backOffMs * 2 ** this.crashesInRow, this.times.maxBackOffMs);
    this.crashesInRow += 1;
    this.cancelRestart = this.clock.after(waitMs, () => {
      this.restartCount += 1;
      // A failure plans the next restart and shows in the state; nobody waits for this one.
      this.queue.run(() => this.bringUp()).catch(() => undefined);
    });
  }

  private become(state: ManagedState): void {
    if (this.current === state) return;
    this.current = state;
    this.changes.tell(state);
  }
}
