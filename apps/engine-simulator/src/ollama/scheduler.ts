import { CardOutOfMemory } from '../card/ledger.ts';
import { chooseVictim, needsReload, seemsToFit } from './eviction.ts';
import type { LoadOptions } from './eviction.ts';
import type { KeepAliveMs } from './keep-alive.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { Model } from './models.ts';
import { OllamaError, requestCanceled } from './ollama-error.ts';

export interface ScheduleRequest {
  readonly model: Model;
  readonly options: LoadOptions;
  /** Undefined: the server's default for a new load, the value it had for a loaded model. */
  readonly keepAliveMs: KeepAliveMs | undefined;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** A request's hold on a loaded model. Release exactly once; more is harmless. */
export interface Hold {
  readonly loaded: LoadedModel;
  release(): void;
}

/** The world as the scheduler needs it. */
export interface SchedulerPorts {
  /** Loads, taking as long as it takes. Throws CardOutOfMemory, or the signal's reason when it aborts. */
  load(request: ScheduleRequest): Promise<LoadedModel>;
  /**
   * Resolves when the child has exited; may take for ever when it hangs. `memoryBack` resolves when the driver
   * reports the memory, or after some seconds; it never rejects.
   */
  stop(loaded: LoadedModel): Promise<{ memoryBack: Promise<void> }>;
  /** What is free on the card as this program believes, which is not always what is. */
  believedFreeBytes(loaded: readonly LoadedModel[]): Promise<number>;
  wantedBytes(request: ScheduleRequest): number;
  /** True when the fault says that the queue counts as full. */
  isQueueFull(): boolean;
  /** True when the fault says that this unload is to be forgotten. */
  forgetsUnload(): boolean;
  now(): number;
}

interface Pending extends PromiseWithResolvers<Hold> {
  readonly request: ScheduleRequest;
}

/**
 * Who may use which model when. A request for a loaded model is served at once; any other waits in one queue, which
 * one worker empties in order, with one load or eviction at a time.
 */
export class Scheduler {
  readonly #ports: SchedulerPorts;
  readonly #limits: { maxLoaded: number; maxQueue: number };
  readonly #loaded = new Map<string, LoadedModel>();
  readonly #queue: Pending[] = [];
  /** What the worker waits for: a model that leaves, memory given back included. */
  readonly #leaving = new Map<string, Promise<void>>();
  #worker: Promise<void> | null = null;
  #loading: Model | null = null;
  #isClosed = false;

  constructor(ports: SchedulerPorts, limits: { maxLoaded: number; maxQueue: number }) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** Ready models, and those that are leaving; never one that still loads. */
  loaded(): LoadedModel[] {
    return [...this.#loaded.values()];
  }

  /** The model on its way to the card, which old versions listed. */
  get loading(): Model | null {
    return this.#loading;
  }

  /** Throws OllamaError: 503 when the queue is full, 499 when the client left, 500 when the load failed. */
  async acquire(request: ScheduleRequest): Promise<Hold> {
    if (request.signal.aborted) throw requestCanceled();
    const ready = this.#usable(request);
    if (ready) return this.#join(ready, request);
    if (this.#queue.length >= this.#limits.maxQueue || this.#ports.isQueueFull()) {
      throw new OllamaError(503, 'server busy, please try again.  maximum pending requests exceeded');
    }
    const pending: Pending = { request, ...Promise.withResolvers<Hold>() };
    this.#queue.push(pending);
    request.signal.addEventListener('abort', () => pending.reject(requestCanceled()), { once: true });
    this.#startWorker();
    return pending.promise;
  }

  /** The unload request: noted, not awaited. Nothing happens to a model that is not loaded or still loads. */
  expire(blob: string): void {
    const loaded = this.#loaded.get(blob);
    if (!loaded || this.#ports.forgetsUnload()) return;
    loaded.expireNow(this.#ports.now());
    if (loaded.refs === 0) void this.#unload(loaded);
  }

  /** What a runtime out-of-memory does: every model leaves as soon as its requests have ended. */
  expireAll(): void {
    for (const loaded of this.#loaded.values()) {
      loaded.expireNow(this.#ports.now());
      if (loaded.refs === 0) void this.#unload(loaded);
    }
  }

  /** The server ends: no more loads; children are killed and reaped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pending of this.#queue.splice(0)) pending.reject(requestCanceled());
    await Promise.all(this.loaded().map((loaded) => this.lose(loaded)));
    await this.#worker;
    await Promise.all(this.#leaving.values());
  }

  /** The child dies without being asked: its requests fail, its memory goes. */
  async lose(loaded: LoadedModel): Promise<void> {
    loaded.isStopping = true;
    await loaded.process.kill();
    this.#forget(loaded);
  }

  #usable(request: ScheduleRequest): LoadedModel | undefined {
    const loaded = this.#loaded.get(request.model.blob);
    if (!loaded || loaded.isStopping || needsReload(loaded.options, request.options)) return undefined;
    return loaded;
  }

  #join(loaded: LoadedModel, request: ScheduleRequest): Hold {
    loaded.refs += 1;
    loaded.stopTimer();
    if (request.keepAliveMs !== undefined) loaded.keepAliveMs = request.keepAliveMs;
    let isHeld = true;
    return {
      loaded,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        loaded.refs -= 1;
        if (loaded.refs === 0 && !loaded.isStopping && !this.#isClosed) this.#settle(loaded);
      },
    };
  }

  /** The last request on a model has ended. */
  #settle(loaded: LoadedModel): void {
    if (loaded.keepAliveMs <= 0) void this.#unload(loaded);
    else loaded.startTimer(this.#ports.now(), () => void this.#unload(loaded));
  }

  /** Takes an idle model off the card. Resolves when the next load may begin. */
  #unload(loaded: LoadedModel): Promise<void> {
    const already = this.#leaving.get(loaded.blob);
    if (already) return already;
    loaded.isStopping = true;
    const leaving = this.#leave(loaded).finally(() => this.#leaving.delete(loaded.blob));
    this.#leaving.set(loaded.blob, leaving);
    return leaving;
  }

  async #leave(loaded: LoadedModel): Promise<void> {
    loaded.expireNow(this.#ports.now());
    const { memoryBack } = await this.#ports.stop(loaded);
    this.#forget(loaded);
    await memoryBack;
  }

  #forget(loaded: LoadedModel): void {
    loaded.markGone();
    if (this.#loaded.get(loaded.blob) === loaded) this.#loaded.delete(loaded.blob);
  }

  #startWorker(): void {
    this.#worker ??= this.#work().finally(() => (this.#worker = null));
  }

  async #work(): Promise<void> {
    for (let pending = this.#queue.shift(); pending; pending = this.#queue.shift()) {
      try {
        const hold = await this.#serve(pending.request);
        if (pending.request.signal.aborted) hold.release();
        else pending.resolve(hold);
      } catch (cause) {
        pending.reject(cause);
      }
    }
  }

  /** Makes room and loads. Checked in this order at every turn:
   *   1. a client that has left is skipped;
   *   2. the model has become ready meanwhile: join it;
   *   3. the same model under other options, or one that is leaving: wait until it is gone;
   *   4. too many models, or too little room as believed: one has to leave first;
   *   5. load; out of memory once: everybody else leaves, then once more.
   */
  async #serve(request: ScheduleRequest): Promise<Hold> {
    let hasRetried = false;
    for (;;) {
      if (request.signal.aborted || this.#isClosed) throw requestCanceled();
      const ready = this.#usable(request);
      if (ready) return this.#join(ready, request);
      const stale = this.#loaded.get(request.model.blob);
      if (stale) {
        await this.#evict(stale);
        continue;
      }
      await Promise.all(this.#leaving.values());
      if (await this.#needsRoom(request)) {
        const victim = chooseVictim(this.loaded());
        if (victim) {
          await this.#evict(victim);
          continue;
        }
      }
      try {
        return this.#join(await this.#load(request), request);
      } catch (cause) {
        if (!(cause instanceof CardOutOfMemory)) throw cause;
        if (hasRetried) throw outOfMemoryAtLoad(cause);
        hasRetried = true;
        for (const other of this.loaded()) await this.#evict(other);
      }
    }
  }

  async #needsRoom(request: ScheduleRequest): Promise<boolean> {
    const loaded = this.loaded();
    if (loaded.length === 0) return false;
    if (loaded.length >= this.#limits.maxLoaded) return true;
    return !seemsToFit(this.#ports.wantedBytes(request), await this.#ports.believedFreeBytes(loaded));
  }

  /** Waits for the requests in flight, then for the unload. */
  async #evict(loaded: LoadedModel): Promise<void> {
    loaded.expireNow(this.#ports.now());
    if (loaded.refs === 0) {
      await this.#unload(loaded);
      return;
    }
    await new Promise<void>((resolve) => {
      loaded.gone.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await this.#leaving.get(loaded.blob);
  }

  async #load(request: ScheduleRequest): Promise<LoadedModel> {
    this.#loading = request.model;
    let loaded: LoadedModel;
    try {
      loaded = await this.#ports.load(request);
    } finally {
      this.#loading = null;
    }
    if (this.#isClosed) {
      await loaded.process.kill();
      throw requestCanceled();
    }
    this.#loaded.set(loaded.blob, loaded);
    void loaded.process.died.then(() => this.#forget(loaded));
    return loaded;
  }
}

function outOfMemoryAtLoad(cause: CardOutOfMemory): OllamaError {
  return new OllamaError(500, `llama-server reported out-of-memory during startup: ${cause.message}`);
}
