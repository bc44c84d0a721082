import { runnerStopped } from './ollama-error.ts';
import type { KeepAliveMs } from './keep-alive.ts';
import type { LoadOptions } from './eviction.ts';
import type { Model } from './models.ts';
import type { RunnerProcess } from './runner.ts';
import { Slots } from './slots.ts';

/** A date about 292 years ahead: the largest duration the real program can hold. */
const FOREVER_MS = 9_223_372_036_854;

/** One model on the card (ready, or on its way out) with the requests that use it. Only the Scheduler changes it. */
export class LoadedModel {
  readonly model: Model;
  readonly options: LoadOptions;
  readonly contextLength: number;
  readonly sizeBytes: number;
  readonly slots: Slots;
  readonly process: RunnerProcess;
  /** Aborts when the child has gone, with what its requests then answer. */
  readonly gone = new AbortController();
  refs = 0;
  keepAliveMs: KeepAliveMs;
  isStopping = false;
  #expiresAt: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #working = 0;

  constructor(parts: {
    model: Model;
    options: LoadOptions;
    contextLength: number;
    sizeBytes: number;
    slotCount: number;
    process: RunnerProcess;
    keepAliveMs: KeepAliveMs;
  }) {
    this.model = parts.model;
    this.options = parts.options;
    this.contextLength = parts.contextLength;
    this.sizeBytes = parts.sizeBytes;
    this.slots = new Slots(parts.slotCount);
    this.process = parts.process;
    this.keepAliveMs = parts.keepAliveMs;
  }

  get blob(): string {
    return this.model.blob;
  }

  /** Milliseconds since the epoch. Without a timer yet, counted from now at each look; in the past: unloading. */
  expiresAt(now: number): number {
    return this.#expiresAt ?? now + Math.min(this.keepAliveMs, FOREVER_MS);
  }

  /** Nothing is in flight any more: `onIdle` is called after the keep-alive. */
  startTimer(now: number, onIdle: () => void): void {
    this.stopTimer();
    this.#expiresAt = now + Math.min(this.keepAliveMs, FOREVER_MS);
    if (this.keepAliveMs === Infinity) return;
    // Node's timers hold 2^31 - 1 ms; longer is as good as for ever here.
    this.#timer = setTimeout(onIdle, Math.min(this.keepAliveMs, 2 ** 31 - 1));
  }

  stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** An unload was asked for; requests in flight go on. */
  expireNow(now: number): void {
    this.stopTimer();
    this.keepAliveMs = 0;
    this.#expiresAt = now;
  }

  /** One more request computes; the card shows as busy until as many have stopped. */
  startComputing(): void {
    this.#working += 1;
    if (this.#working === 1) this.process.work('busy');
  }

  stopComputing(): void {
    this.#working -= 1;
    if (this.#working === 0 && !this.gone.signal.aborted) this.process.work('idle');
  }

  markGone(): void {
    this.stopTimer();
    this.gone.abort(runnerStopped());
  }
}
