import { Inject, Injectable } from '@nestjs/common';
import { getDialogue, getReply, readDialogueTurn, type Dialogue, type Message } from '@baton/contracts';
import { AppError, codeOf, pause, type Clock } from '@baton/kernel';
import { CLOCK, CallClient } from '@baton/platform';
import { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { CHAT_SERVICE } from '../services.ts';
import type { EventSink } from '../sse/event-sink.ts';
import { invalidPosition, positionId, type DialoguePosition } from './dialogue-position.ts';

/** From one turn to the next: it is begun within milliseconds, or waits for a database or a service that is away. */
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 1_000;

interface Reader {
  readonly userId: number;
  readonly chatId: number;
  readonly from: DialoguePosition;
}

/**
 * Sends a chat between models to one reader: the logs of its turns one after the other, each event with the `reply_id`
 * of its turn. Opens and ends with the event `dialogue`.
 */
@Injectable()
export class DialogueStreamService {
  private readonly chats: CallClient;
  private readonly replies: ReplyStreamService;
  private readonly clock: Clock;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.chats = chats;
    this.replies = replies;
    this.clock = clock;
  }

  /** @throws AppError `chat.not_found`, `request.invalid` for a position that is none of this chat */
  async send(sink: EventSink, { userId, chatId, from }: Reader): Promise<void> {
    const dialogue = await this.chats.call(getDialogue, { userId, chatId });
    const begun = from.isEnded ? null : await this.turnOf(userId, chatId, from.replyId);
    writeDialogue(sink, dialogue);
    if (begun !== null && !from.isEnded) await this.sendTurn(sink, userId, begun, from.offset);
    for (let after = from.replyId; !sink.signal.aborted;) {
      const next = await this.next(sink, userId, chatId, after);
      if (next === null) return;
      if (next.turn === null) {
        writeDialogue(sink, next.dialogue, positionId(after, 'end'));
        return;
      }
      sink.write({
        event: 'turn',
        json: JSON.stringify({ type: 'turn', reply: next.turn }),
        id: positionId(next.turn.id, 0),
      });
      await this.sendTurn(sink, userId, next.turn, 0);
      after = next.turn.id;
    }
  }

  /** The next turn, or none when the dialogue does not run any more. Null when the reader has left. */
  private async next(
    sink: EventSink,
    userId: number,
    chatId: number,
    after: number,
  ): Promise<{ turn: Message | null; dialogue: Dialogue } | null> {
    for (let waitMs = FIRST_LOOK_MS; !sink.signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_LOOK_MS)) {
      const found = await this.chats
        .call(readDialogueTurn, { userId, chatId, after })
        .catch((error: unknown) => {
          // A service that is being started again says nothing about the dialogue.
          if (error instanceof AppError && error.spec.retry === 'later') return null;
          throw error;
        });
      if (found !== null && (found.turn !== null || found.dialogue.state !== 'running')) return found;
      await pause(this.clock, waitMs, sink.signal).catch(() => undefined);
    }
    return null;
  }

  private sendTurn(sink: EventSink, userId: number, turn: Message, after: number): Promise<void> {
    return this.replies.send(turnSink(sink, turn.id), { userId, message: turn, after });
  }

  private async turnOf(userId: number, chatId: number, replyId: number): Promise<Message> {
    const message = await this.chats.call(getReply, { userId, replyId }).catch((error: unknown) => {
      throw codeOf(error) === 'reply.not_found' ? invalidPosition() : error;
    });
    if (message.chat_id !== chatId) throw invalidPosition();
    return message;
  }
}

/** Adds to each event whose turn it belongs to, and makes its position one of the whole chat. */
function turnSink(sink: EventSink, replyId: number): EventSink {
  return {
    get signal() {
      return sink.signal;
    },
    get isCongested() {
      return sink.isCongested;
    },
    start: () => sink.start(),
    drained: () => sink.drained(),
    write: ({ event, json, id }) => {
      const isEnd = event === 'end';
      const position = isEnd
        ? positionId(replyId, 'end')
        : typeof id === 'number'
          ? positionId(replyId, id)
          : undefined;
      sink.write({
        event,
        json: `{"reply_id":${replyId},${json.slice(1)}`,
        ...(position === undefined ? {} : { id: position }),
      });
    },
  };
}

function writeDialogue(sink: EventSink, dialogue: Dialogue, id?: string): void {
  const json = JSON.stringify({ type: 'dialogue', dialogue });
  sink.write({ event: 'dialogue', json, ...(id === undefined ? {} : { id }) });
}
