import type { AnswerTimings } from '@baton/contracts';
import { AppError, unlessAborted, type Clock } from '@baton/kernel';
import type {
  ChatEngine,
  EngineDoor,
  EngineOutput,
  EnginePatience,
  EngineRequest,
} from '../engines/chat-engine.ts';
import { SilenceWatch } from '../engines/silence-watch.ts';
import { LocalChild, LocalChildError, type AskListener } from './local-child.ts';
import type { LocalModelSettings, LocalQuestion, LocalUsage } from './local-wire.ts';

export interface LocalDriverSettings extends Omit<LocalModelSettings, 'modelPath'> {
  /** Null: there is none, and nobody may ask. */
  readonly modelPath: string | null;
  /** Without a question for this long the process is ended, and its memory is free. */
  readonly idleMs: number;
}

/** Between two tokens is the time to stop; a process that does not is ended, unless others are answered in it. */
const STOPPING_MS = 3_000;

/** What keeps a process: it is ended when nobody has it and the time is up. */
interface Loaded {
  readonly child: LocalChild;
  /** Resolves with what loading took. */
  readonly ready: Promise<{ readonly ms: number; readonly bytes: number }>;
  bytes: number | null;
}

/**
 * llama.cpp on the CPU, in a process of its own that is started by the first question and ended when none has come for a
 * while. A process that dies fails the answers that were under way (`engine.failed`); the next question starts another.
 */
export class LocalDriver implements ChatEngine {
  private readonly settings: LocalDriverSettings;
  private readonly clock: Clock;
  private current: Loaded | null = null;
  /** Answers that were left while the model was at them, by the door that they came through. */
  private readonly stopping = new WeakMap<EngineDoor, Promise<void>>();
  private users = 0;
  private cancelIdle: () => void = () => undefined;
  private isClosed = false;

  constructor(settings: LocalDriverSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** What the loaded process holds in memory; null while none is loaded. */
  get loadedBytes(): number | null {
    return this.current?.child.isOver === false ? this.current.bytes : null;
  }

  /** For tests, which kill it. */
  get pid(): number | undefined {
    return this.current?.child.pid;
  }

  /** Resolves when the model does nothing any more for whoever came through this door and has left. */
  quiet(door: EngineDoor): Promise<void> {
    return this.stopping.get(door) ?? Promise.resolve();
  }

  async *stream(
    request: EngineRequest,
    door: EngineDoor,
    patience: EnginePatience,
  ): AsyncGenerator<EngineOutput, void, undefined> {
    const { signal } = door;
    signal.throwIfAborted();
    if (request.messages.some(({ images }) => images !== undefined && images.length > 0)) {
      throw new AppError('model.no_vision', { engine: 'local' });
    }
    const stop = new AbortController();
    const watch = new SilenceWatch(this.clock, patience.firstTokenMs, (error) => {
      stop.abort(error);
      // A process that cannot load in that time would keep the next question waiting as well.
      if (this.current?.bytes === null) void this.current.child.end();
    });
    const either = AbortSignal.any([signal, stop.signal]);
    this.enter();
    try {
      const { loaded, loadMs } = await unlessAborted(this.load(), either);
      for await (const output of this.answer(loaded.child, { request, door, signal: either, loadMs })) {
        watch.heard(patience.stallMs);
        yield output;
      }
    } finally {
      watch.end();
      this.leave();
    }
  }

  /** Frees the memory at once when nobody uses it; false when somebody does. */
  async unload(): Promise<boolean> {
    if (this.users > 0) return false;
    await this.end();
    return true;
  }

  /** Loads it without a question. */
  async warmUp(): Promise<void> {
    this.enter();
    try {
      await this.load();
    } finally {
      this.leave();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.end();
  }

  /** The process that is there, or a new one. `loadMs` is null for one that was loaded already. */
  private async load(): Promise<{ readonly loaded: Loaded; readonly loadMs: number | null }> {
    if (this.isClosed) throw new AppError('engine.unavailable', { engine: 'local' });
    if (this.current !== null && !this.current.child.isOver && this.current.bytes !== null) {
      return { loaded: this.current, loadMs: null };
    }
    if (this.current === null || this.current.child.isOver) this.current = this.start();
    const loaded = this.current;
    try {
      const { ms, bytes } = await loaded.ready;
      loaded.bytes = bytes;
      return { loaded, loadMs: ms };
    } catch (cause) {
      await loaded.child.end();
      const trouble = cause instanceof LocalChildError ? cause.trouble : 'failed';
      throw new AppError('engine.start_failed', { engine: 'local', trouble }, { cause });
    }
  }

  private start(): Loaded {
    const { modelPath, contextLength, threads, sequences } = this.settings;
    if (modelPath === null) throw new AppError('local.not_set_up');
    const child = new LocalChild();
    const ready = child.load({ modelPath, contextLength, threads, sequences });
    ready.catch(() => undefined);
    return { child, ready, bytes: null };
  }

  /** Has the model stop, however it ends, and does not wait for that: who gave the slot does. */
  private async *answer(
    child: LocalChild,
    { request, door, signal, loadMs }: Asking,
  ): AsyncGenerator<EngineOutput, void, undefined> {
    const pieces = new Pieces();
    const askId = child.ask(questionOf(request), pieces.take, pieces.lose);
    const onAbort = (): void => pieces.stop(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      for (;;) {
        const piece = await pieces.next();
        if (piece.type === 'end') {
          yield { type: 'end', reason: piece.reason, ...counted(piece.usage, loadMs) };
          return;
        }
        if (piece.type === 'failed') throw failureOf(piece.reason, piece.cause);
        if (piece.type === 'text' || piece.type === 'thinking') yield { type: piece.type, text: piece.text };
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (!pieces.isOver) this.stopping.set(door, this.stopped(child, askId, pieces));
    }
  }

  private async stopped(child: LocalChild, askId: number, pieces: Pieces): Promise<void> {
    child.stop(askId);
    while (!pieces.isOver) {
      const late = Promise.withResolvers<'late'>();
      const cancel = this.clock.after(STOPPING_MS, () => late.resolve('late'));
      const first = await Promise.race([pieces.over, late.promise]);
      cancel();
      // Reading a long question on a slow processor takes that long; nobody else's answer dies of it.
      if (first === 'late' && !child.isWanted) await child.end();
    }
  }

  private enter(): void {
    this.users += 1;
    this.cancelIdle();
  }

  private leave(): void {
    this.users -= 1;
    if (this.users > 0 || this.current === null) return;
    this.cancelIdle = this.clock.after(this.settings.idleMs, () => {
      void this.end();
    });
  }

  private async end(): Promise<void> {
    this.cancelIdle();
    const { current } = this;
    this.current = null;
    await current?.child.end();
  }
}

/** One question on its way. */
interface Asking {
  readonly request: EngineRequest;
  readonly door: EngineDoor;
  /** The door's, and the watch's over silence. */
  readonly signal: AbortSignal;
  /** What loading took; null for a model that was there. */
  readonly loadMs: number | null;
}

type AskReport = Parameters<AskListener>[0];

/** What came and was not taken yet. */
class Pieces {
  private readonly waiting: AskReport[] = [];
  private stopped: { readonly reason: unknown } | null = null;
  private lost: AppError | null = null;
  private wake: () => void = () => undefined;
  private readonly finished = Promise.withResolvers<undefined>();
  private hasFinished = false;

  /** The model does nothing for this answer any more. */
  get isOver(): boolean {
    return this.hasFinished;
  }

  get over(): Promise<undefined> {
    return this.finished.promise;
  }

  readonly take = (report: AskReport): void => {
    this.waiting.push(report);
    if (report.type !== 'text' && report.type !== 'thinking') this.finish();
    this.wake();
  };

  /** The process has gone; what it had said before stands. */
  readonly lose = (error: AppError): void => {
    this.lost = error;
    this.finish();
    this.wake();
  };

  /** Nothing is taken any more from now on, although the model may not have stopped yet. */
  stop(reason: unknown): void {
    this.stopped ??= { reason };
    this.wake();
  }

  /** @throws the reason of a stop, or what became of the process */
  async next(): Promise<AskReport> {
    for (;;) {
      if (this.stopped !== null) throw this.stopped.reason;
      const report = this.waiting.shift();
      if (report !== undefined) return report;
      if (this.lost !== null) throw this.lost;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.wake = () => resolve(undefined);
      await promise;
    }
  }

  private finish(): void {
    this.hasFinished = true;
    this.finished.resolve(undefined);
  }
}

function questionOf({ messages, temperature, topP, maxTokens, think, format }: EngineRequest): LocalQuestion {
  return {
    messages: messages.map(({ role, content }) => ({ role, content })),
    temperature,
    topP,
    maxTokens,
    seed: null,
    think,
    format,
  };
}

function counted(
  { promptTokens, completionTokens, promptMs, answerMs }: LocalUsage,
  loadMs: number | null,
): Pick<Extract<EngineOutput, { type: 'end' }>, 'usage' | 'timings'> {
  const timings: AnswerTimings = { load_ms: loadMs, prompt_ms: promptMs, answer_ms: answerMs };
  return { usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens }, timings };
}

function failureOf(reason: Extract<AskReport, { type: 'failed' }>['reason'], cause: string): AppError {
  switch (reason) {
    case 'too_long':
      return new AppError('chat.too_long', { engine: 'local' });
    case 'bad_format':
      return new AppError('engine.rejected', { engine: 'local', reason, cause });
    case 'failed':
      return new AppError('engine.failed', { engine: 'local', cause });
  }
}
