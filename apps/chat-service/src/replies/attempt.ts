import { DEFAULT_OLLAMA_INSTANCE, type Lane, type TimelineEntry } from '@baton/contracts';
import type { Lease } from '@baton/gpu-lease';
import { AppError, codeOf, pause, type Clock } from '@baton/kernel';
import type { ChatEngine, EngineMessage } from '../engines/chat-engine.ts';
import type { ReplySettings } from '../tokens.ts';
import type { ActiveReply } from './active-reply.ts';

/** Silence under a lease that is told as loading, when the hand-over did not load the model already. */
const LOADING_NOTICE_MS = 700;
/** The guard cuts a lost lease's connections a moment before its holder is told. */
const REVOKE_NOTICE_MS = 250;

export interface EngineUse {
  readonly engine: ChatEngine;
  readonly settings: ReplySettings;
  readonly clock: Clock;
}

export function laneOf(model: string): Lane {
  return { engine: 'ollama', instance: DEFAULT_OLLAMA_INSTANCE, model };
}

/**
 * The part of an attempt that holds the GPU: asks the engine and writes down what comes, without waiting for Redis or
 * the database on the way.
 *
 * @throws AppError what the engine or the lease failed with; the reason of `reply.stop` when it was stopped
 */
export async function answerUnderLease(
  reply: ActiveReply,
  lease: Lease,
  messages: Promise<EngineMessage[]>,
  use: EngineUse,
): Promise<void> {
  const watch = new LeaseWatch(reply, lease, use.clock);
  const signal = AbortSignal.any([lease.signal, reply.stop.signal]);
  const { model, temperature, maxTokens } = reply.task;
  const { contextLength, keepAlive, firstTokenMs, stallMs } = use.settings;
  try {
    const request = { model, messages: await messages, contextLength, keepAlive, temperature, maxTokens };
    const door = { url: lease.guard.url, headers: lease.guard.headers, signal };
    for await (const output of use.engine.stream(request, door, { firstTokenMs, stallMs })) {
      // Lines that had arrived before a Stop are not shown after it.
      signal.throwIfAborted();
      if (output.type === 'end') {
        reply.usage = output.usage;
      } else {
        watch.heard();
        reply.addText(output.text);
      }
    }
  } catch (error) {
    throw await causeOf(error, lease, use.clock);
  } finally {
    reply.timeline.push(watch.end());
  }
}

/** Measures one use of the GPU, and says `loading` when the model keeps everybody waiting. */
class LeaseWatch {
  private readonly reply: ActiveReply;
  private readonly lease: Lease;
  private readonly clock: Clock;
  private readonly startedAt: number;
  private readonly cancelNotice: () => void;
  private firstMs: number | null = null;

  constructor(reply: ActiveReply, lease: Lease, clock: Clock) {
    this.reply = reply;
    this.lease = lease;
    this.clock = clock;
    this.startedAt = clock.monotonic();
    const isLoaded = lease.timeline.swap?.phases.some(({ phase }) => phase === 'load') ?? false;
    const notice = (): void =>
      reply.progress.say({ type: 'state', state: 'loading', model: reply.task.model });
    this.cancelNotice = isLoaded ? () => undefined : clock.after(LOADING_NOTICE_MS, notice);
  }

  heard(): void {
    if (this.firstMs !== null) return;
    this.cancelNotice();
    this.firstMs = this.elapsedMs();
  }

  end(): TimelineEntry {
    this.cancelNotice();
    const { queuedMs, swap } = this.lease.timeline;
    const queued = Math.round(queuedMs);
    return {
      lane: { engine: 'ollama', model: this.reply.task.model },
      queued_ms: queued,
      swap,
      first_ms: this.firstMs,
      total_ms: queued + this.elapsedMs(),
    };
  }

  private elapsedMs(): number {
    return Math.round(this.clock.monotonic() - this.startedAt);
  }
}

/** A connection that broke because the lease was lost is a lost lease, and not the engine's fault. */
async function causeOf(error: unknown, lease: Lease, clock: Clock): Promise<unknown> {
  const code = codeOf(error);
  const mayBeRevoked = code === 'engine.truncated' || code === 'engine.unavailable';
  if (mayBeRevoked && !lease.signal.aborted) {
    await pause(clock, REVOKE_NOTICE_MS, lease.signal).catch(() => undefined);
  }
  if (!lease.signal.aborted) return error;
  const reason: unknown = lease.signal.reason;
  return reason instanceof AppError ? reason : new AppError('gpu.lease_lost', {}, { cause: reason });
}
