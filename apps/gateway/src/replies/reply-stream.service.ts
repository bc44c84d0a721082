import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  getReply,
  isFinalState,
  replyLogKey,
  replyLogKeys,
  type EndEvent,
  type Message,
  type ReplyEvent,
} from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, CallClient, RedisConnections, ReplyLogReader } from '@baton/platform';
import { CHAT_SERVICE } from '../services.ts';
import type { EventStream } from '../sse/event-stream.ts';

/** After so long without an event the message itself is asked whether it has ended, in case its log was lost. */
const QUIET_MS = 30_000;

export interface ReplyPosition {
  readonly userId: number;
  readonly message: Message;
  /** Byte offset behind the last event that the reader has; 0 is the beginning. */
  readonly after: number;
}

/**
 * Sends a reply log to one reader. Decided in this order:
 *   1. an offset that is no event's end is refused before anything is sent;
 *   2. a log that is there is sent from the offset and followed to its `end`;
 *   3. a finished message without a log (expired) is sent whole: `reset`, its images, `end`;
 *   4. an unfinished one without a log is waited for, from the start; a reader that had some of it begins anew.
 */
@Injectable()
export class ReplyStreamService implements OnModuleDestroy {
  private readonly chats: CallClient;
  private readonly logs: ReplyLogReader;
  private readonly redis: RedisConnections;
  private readonly clock: Clock;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(ReplyLogReader) logs: ReplyLogReader,
    @Inject(RedisConnections) redis: RedisConnections,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.chats = chats;
    this.logs = logs;
    this.redis = redis;
    this.clock = clock;
  }

  onModuleDestroy(): void {
    this.logs.close();
  }

  /** @throws AppError `request.invalid` for an offset that is not an event's end, `store.unavailable` without Redis */
  async send(stream: EventStream, position: ReplyPosition): Promise<void> {
    const { message, after } = position;
    const isFinal = isFinalState(message.state);
    // A fresh reader of an unfinished reply is the usual case, and needs no look at Redis: whatever comes is for it.
    if (after === 0 && !isFinal) return this.follow(stream, position);
    const hasLog = await this.checkOffset(message.id, after);
    stream.start();
    if (hasLog) return this.follow(stream, position);
    if (isFinal) {
      sendWhole(stream, message);
      return;
    }
    writeEvents(stream, [{ type: 'reset', text: message.content }]);
    return this.follow(stream, { ...position, after: 0 });
  }

  /** Sends what is behind `after` and what comes, up to the `end`, the reader's leaving, or the message's own end. */
  private async follow(stream: EventStream, { userId, message, after }: ReplyPosition): Promise<void> {
    stream.start();
    const quiet = new AbortController();
    const cancelQuiet = { run: (): void => undefined };
    let ended: Message | undefined;
    let isOver = false;
    const watch = (): void => {
      if (isOver) return;
      cancelQuiet.run = this.clock.after(QUIET_MS, () => {
        this.chats.call(getReply, { userId, replyId: message.id }).then(
          (now) => {
            if (isFinalState(now.state)) {
              ended = now;
              quiet.abort();
            } else {
              watch();
            }
          },
          // Asked again after the next silence: a service that is down now says nothing about the message.
          () => watch(),
        );
      });
    };
    watch();
    try {
      const signal = AbortSignal.any([stream.signal, quiet.signal]);
      for await (const { offset, event, json } of this.logs.follow(replyLogKey(message.id), {
        after,
        signal,
      })) {
        cancelQuiet.run();
        stream.write({ id: offset, event: event.type, json });
        if (event.type === 'end') return;
        if (stream.isCongested) await stream.drained();
        watch();
      }
    } finally {
      isOver = true;
      cancelQuiet.run();
    }
    if (ended !== undefined && !stream.signal.aborted) sendWhole(stream, ended);
  }

  /** True when there is a log and `after` is the end of one of its events (or its beginning), false without a log. */
  private async checkOffset(messageId: number, after: number): Promise<boolean> {
    const key = replyLogKeys.log(replyLogKey(messageId));
    const [length, before] = await Promise.all([
      this.redis.shared.strlen(key),
      after === 0 ? '\n' : this.redis.shared.getrange(key, after - 1, after - 1),
    ]).catch((error: unknown) => {
      throw new AppError('store.unavailable', { messageId }, { cause: error });
    });
    if (length === 0) return false;
    if (after > length || before !== '\n') {
      throw new AppError(
        'request.invalid',
        { messageId, after, length },
        { issues: [{ path: 'Last-Event-ID', message: 'must be the id of an event of this reply' }] },
      );
    }
    return true;
  }
}

/** The message as it was stored, for readers that come after its log has expired. */
function sendWhole(stream: EventStream, message: Message): void {
  const end: EndEvent = {
    type: 'end',
    state: message.state === 'failed' || message.state === 'cancelled' ? message.state : 'done',
    code: message.error?.code ?? null,
    say: message.error?.say ?? null,
    timeline: message.timeline,
    usage: message.usage,
  };
  writeEvents(stream, [
    { type: 'reset', text: message.content },
    ...message.attachments.map((image) => ({ type: 'image' as const, ...image })),
    end,
  ]);
}

/** Events that stand in no log have no position to come back to, so they carry no id. */
function writeEvents(stream: EventStream, events: readonly ReplyEvent[]): void {
  for (const event of events) stream.write({ event: event.type, json: JSON.stringify(event) });
}
