import { DEFAULT_OLLAMA_INSTANCE, type Lane, type TimelineEntry } from '@baton/contracts';
import { LeaseTime, causeUnderLease, type Lease } from '@baton/gpu-lease';
import type { Clock } from '@baton/kernel';
import type { ChatEngine, EngineMessage } from '../engines/chat-engine.ts';
import type { ReplySettings } from '../tokens.ts';
import type { ActiveReply } from './active-reply.ts';

/** Silence under a lease that is told as loading, when the hand-over did not load the model already. */
const LOADING_NOTICE_MS = 700;

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
    throw await causeUnderLease(error, lease, use.clock);
  } finally {
    reply.timeline.push(watch.end());
  }
}

/** Measures one use of the GPU, and says `loading` when the model keeps everybody waiting. */
class LeaseWatch {
  private readonly time: LeaseTime;
  private readonly cancelNotice: () => void;

  constructor(reply: ActiveReply, lease: Lease, clock: Clock) {
    const { model } = reply.task;
    this.time = new LeaseTime(clock, { engine: 'ollama', model }, lease);
    const isLoaded = lease.timeline.swap?.phases.some(({ phase }) => phase === 'load') ?? false;
    const notice = (): void => reply.progress.say({ type: 'state', state: 'loading', model });
    this.cancelNotice = isLoaded ? () => undefined : clock.after(LOADING_NOTICE_MS, notice);
  }

  heard(): void {
    if (this.time.heard()) this.cancelNotice();
  }

  end(): TimelineEntry {
    this.cancelNotice();
    return this.time.entry();
  }
}
