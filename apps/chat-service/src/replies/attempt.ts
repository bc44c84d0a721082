import type { TimelineEntry } from '@baton/contracts';
import { LeaseTime } from '@baton/gpu-lease';
import { unlessAborted, type Clock } from '@baton/kernel';
import type { EngineMessage, EngineOutput } from '../engines/chat-engine.ts';
import type { Seat } from '../places/answer-place.ts';
import type { ActiveReply } from './active-reply.ts';
import { turnOf } from './answer-turn.ts';
import { requestOf, type EngineUse } from './engine-use.ts';

/** Silence in a seat that is told as loading, when the hand-over did not load the model already. */
const LOADING_NOTICE_MS = 700;

/**
 * The part of an attempt that holds a seat: asks the engine and writes down what comes, without waiting for Redis or the
 * database on the way.
 *
 * @throws AppError what the engine or the place failed with; the reason of the seat's signal when it was aborted
 */
export async function answerAt(
  seat: Seat,
  reply: ActiveReply,
  prompt: Promise<readonly EngineMessage[]>,
  use: EngineUse,
): Promise<void> {
  const { signal } = seat.door;
  const watch = new AnswerWatch(reply, seat, use.clock);
  try {
    const messages = await unlessAborted(prompt, signal);
    const request = requestOf(reply, await preparedPrompt(seat, reply, messages, use), use);
    watch.asked();
    for await (const output of use.engine.stream(request, seat.door, use.settings)) {
      // Lines that had arrived before a Stop are not shown after it.
      signal.throwIfAborted();
      watch.heard(output);
      if (output.type === 'text') reply.addText(output.text);
      else if (output.type === 'thinking') reply.addThinking(output.text);
      else takeEnd(reply, output);
    }
  } catch (error) {
    throw await seat.causeOf(error);
  } finally {
    watch.end();
  }
}

/** What belongs before the question: a search, for example. Done in the same seat, with the same model. */
async function preparedPrompt(
  seat: Seat,
  reply: ActiveReply,
  messages: readonly EngineMessage[],
  use: EngineUse,
): Promise<readonly EngineMessage[]> {
  reply.prompt = messages;
  if (use.before === null || !use.before.isFor(reply.task)) return messages;
  const turn = turnOf(seat, reply, messages, use);
  await use.before.prepare(turn);
  reply.prompt = turn.messages;
  return turn.messages;
}

function takeEnd(
  reply: ActiveReply,
  { reason, usage, timings }: Extract<EngineOutput, { type: 'end' }>,
): void {
  reply.usage = usage;
  reply.note({ stop_reason: reason, timings });
}

/** Measures one use of a place, and says `loading` when the model keeps everybody waiting. */
class AnswerWatch {
  private readonly reply: ActiveReply;
  private readonly seat: Seat;
  private readonly clock: Clock;
  private readonly time: LeaseTime;
  private cancelNotice: () => void = () => undefined;
  private thinkingSinceMs: number | null = null;

  constructor(reply: ActiveReply, seat: Seat, clock: Clock) {
    this.reply = reply;
    this.seat = seat;
    this.clock = clock;
    const engine = reply.details.engine === 'local' ? 'local' : 'ollama';
    this.time = new LeaseTime(clock, { engine, model: reply.model }, seat);
  }

  /** The model has the question; until it is heard it may be loading. */
  asked(): void {
    const { model } = this.reply;
    if (this.seat.timeline.swap?.phases.some(({ phase }) => phase === 'load')) return;
    const notice = (): void => this.reply.progress.say({ type: 'state', state: 'loading', model });
    this.cancelNotice = this.clock.after(LOADING_NOTICE_MS, notice);
  }

  heard({ type }: EngineOutput): void {
    if (type === 'thinking') this.thinkingSinceMs ??= this.clock.monotonic();
    else this.endThinking();
    if (type === 'end' || !this.time.heard()) return;
    this.cancelNotice();
    this.seat.heard();
  }

  end(): void {
    this.cancelNotice();
    this.endThinking();
    const entry: TimelineEntry = this.time.entry();
    this.reply.timeline.push(entry);
    this.reply.answerMs = entry.total_ms - entry.queued_ms;
  }

  private endThinking(): void {
    if (this.thinkingSinceMs === null) return;
    this.reply.note({ thought_ms: Math.round(this.clock.monotonic() - this.thinkingSinceMs) });
    this.thinkingSinceMs = null;
  }
}
