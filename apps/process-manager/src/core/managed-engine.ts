import { AppError, pause, type Clock } from '@baton/kernel';
import type { EngineDriver, EngineExit, ReadinessProbe } from './engine-driver.ts';
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
 * at a time and decides by the state it finds then. `stop` aborts a start in progress. A child that ends by itself is
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

  get kind(): 'child' | 'attached' {
    return this.driver.kind;
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

  /** Resolves when nothing of a child is left. On an attached engine it only ends our own waiting for it. */
  stop(): Promise<void> {
    this.isWanted = false;
    this.cancelRestart();
    this.starting?.abort(
      new AppError('engine.start_failed', { engine: this.name, cause: 'stopped meanwhile' }),
    );
    return this.queue.run(async () => {
      if (this.driver.kind === 'attached') return;
      this.become('stopping');
      await this.driver.stop();
      this.become('stopped');
    });
  }

  /** Looks whether an attached engine answers; its state follows. A child tells by itself when it ends. */
  check(): Promise<void> {
    const { kind, url } = this.driver;
    if (kind === 'child' || url === null) return Promise.resolve();
    return this.queue.run(async () => this.become((await this.answers(url)) ? 'ready' : 'unreachable'));
  }

  private async bringUp(): Promise<string> {
    if (this.driver.kind === 'attached') return this.reachAttached();
    const url = this.driver.url;
    if (this.current === 'ready' && url !== null) return url;
    const starting = new AbortController();
    this.starting = starting;
    this.become('starting');
    const exitsBefore = this.exitsSeen;
    try {
      if (!this.isWanted) starting.abort(new AppError('engine.start_failed', { engine: this.name }));
      starting.signal.throwIfAborted();
      await this.driver.start();
      const startedUrl = this.driver.url;
      if (startedUrl === null) throw new Error('a started engine has an address');
      await this.untilReady(startedUrl, starting.signal, exitsBefore);
      this.readyAt = this.clock.monotonic();
      this.become('ready');
      return startedUrl;
    } catch (cause) {
      await this.driver.stop();
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

  private async answers(url: string, signal?: AbortSignal): Promise<boolean> {
    const tooLong = new AbortController();
    const cancel = this.clock.after(this.times.probeTimeoutMs, () => tooLong.abort());
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
    if (this.clock.monotonic() - this.readyAt > this.times.recoveredAfterMs) this.crashesInRow = 0;
    this.become('failed');
    this.planRestart();
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
