import { Inject, Injectable } from '@nestjs/common';
import { getReply, isFinalState, replyLogKey, type EndEvent, type Message } from '@baton/contracts';
import { CallClient } from '@baton/platform';
import { CHAT_SERVICE } from '../services.ts';
import type { EventSink } from '../sse/event-sink.ts';
import { LogStreamService, type LoggedWork } from './log-stream.service.ts';

export interface ReplyPosition {
  readonly userId: number;
  /** As chat-service gave it for this user, which is the check that it is theirs. */
  readonly message: Message;
  /** Byte offset behind the last event that the reader has; 0 is the beginning. */
  readonly after: number;
  /** What the reader calls that position; without it, `Last-Event-ID`. */
  readonly afterField?: string;
}

/** Sends everything that happens to an assistant message to one reader. */
@Injectable()
export class ReplyStreamService {
  private readonly chats: CallClient;
  private readonly logs: LogStreamService;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient, @Inject(LogStreamService) logs: LogStreamService) {
    this.chats = chats;
    this.logs = logs;
  }

  /** @throws AppError `request.invalid` for an offset that is not an event's end, `store.unavailable` without Redis */
  send(sink: EventSink, { userId, message, ...position }: ReplyPosition): Promise<void> {
    return this.logs.send(sink, {
      ...position,
      key: replyLogKey(message.id),
      work: workOf(message),
      ask: async () => workOf(await this.chats.call(getReply, { userId, replyId: message.id })),
    });
  }
}

/** The message as it was stored, in the words of its log. */
function workOf(message: Message): LoggedWork {
  const { content: text, thinking, details } = message;
  const reset = { type: 'reset' as const, text, ...(thinking === null ? {} : { thinking }) };
  if (!isFinalState(message.state)) return { isOver: false, whole: [reset] };
  const sources = details?.sources ?? [];
  const end: EndEvent = {
    type: 'end',
    state: message.state === 'failed' || message.state === 'cancelled' ? message.state : 'done',
    code: message.error?.code ?? null,
    say: message.error?.say ?? null,
    timeline: message.timeline,
    usage: message.usage,
    details,
  };
  return {
    isOver: true,
    whole: [
      reset,
      ...(details?.routing ? [{ type: 'routed' as const, routing: details.routing }] : []),
      ...(sources.length === 0
        ? []
        : [{ type: 'sources' as const, query: details?.search_query ?? '', sources }]),
      ...message.attachments.map((image) => ({ type: 'image' as const, ...image })),
      end,
    ],
  };
}
