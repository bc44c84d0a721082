import { FINAL_STATES } from '@baton/contracts';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, LessThan, Not } from 'typeorm';
import { CHAT, type ChatRow } from './chat.entity.ts';
import type { MessageEnd } from './message-end.ts';
import { MESSAGE, type MessageRow } from './message.entity.ts';
import { fold } from './search-text.ts';

/** What a message says, without the rest of its row. */
export type SaidRow = Pick<MessageRow, 'id' | 'role' | 'content' | 'completionTokens'>;

/** A reply that was under way when the process ended, with the chat that it belongs to. */
export interface UnfinishedReply {
  readonly message: MessageRow;
  readonly chat: ChatRow;
}

const UNFINISHED = Not(In([...FINAL_STATES]));

/** Assistant messages by their own id, and what was said before them. */
@Injectable()
export class MessagesRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** An answer (in words or pictures) in a chat of this user, or null. */
  findReply(userId: number, id: number): Promise<MessageRow | null> {
    return read(this.source, async (manager) => {
      const message = await manager.findOneBy<MessageRow>(MESSAGE, {
        id,
        role: 'assistant',
        deletedAt: IsNull(),
      });
      if (message === null) return null;
      const isMine = await manager.existsBy<ChatRow>(CHAT, {
        id: message.chatId,
        userId,
        deletedAt: IsNull(),
      });
      return isMine ? message : null;
    });
  }

  /** The exchange before a message, newest first, `limit` at a time; images and empty answers are left out. */
  before(chatId: number, messageId: number, limit: number): Promise<SaidRow[]> {
    return read(this.source, (manager) =>
      manager.find<MessageRow>(MESSAGE, {
        select: { id: true, role: true, content: true, completionTokens: true },
        where: { chatId, id: LessThan(messageId), kind: 'text', deletedAt: IsNull(), content: Not('') },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  /** Stores the end of a message. False when it had ended before: the first end stands. */
  finish(id: number, kind: MessageRow['kind'], end: MessageEnd, now: number): Promise<boolean> {
    return write(this.source, async (manager) => {
      const unfinished = { id, kind, role: 'assistant', state: UNFINISHED } as const;
      const { affected } = await manager.update<MessageRow>(MESSAGE, unfinished, columnsOf(end, now));
      return affected !== 0;
    });
  }

  /** The next attempt's number is stored before its GPU job is added, so that no job id is used twice. */
  async setAttempt(id: number, attempt: number): Promise<void> {
    await write(this.source, (manager) => manager.update<MessageRow>(MESSAGE, { id }, { attempt }));
  }

  /** What an answer in pictures was asked for: the user's message right before it. */
  questionOf(message: MessageRow): Promise<MessageRow | null> {
    return read(this.source, (manager) =>
      manager.findOne<MessageRow>(MESSAGE, {
        where: { chatId: message.chatId, id: LessThan(message.id), role: 'user' },
        order: { id: 'DESC' },
      }),
    );
  }

  isUnfinished(id: number): Promise<boolean> {
    return read(this.source, (manager) => manager.existsBy<MessageRow>(MESSAGE, { id, state: UNFINISHED }));
  }

  recentReplies(limit: number): Promise<MessageRow[]> {
    return read(this.source, (manager) =>
      manager.find<MessageRow>(MESSAGE, {
        where: { role: 'assistant', kind: 'text', deletedAt: IsNull() },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  /** Answers of a kind that no process has ended, oldest first. Those in pictures belong to image-service. */
  unfinishedReplies(kind: MessageRow['kind']): Promise<UnfinishedReply[]> {
    return read(this.source, async (manager) => {
      const messages = await manager.find<MessageRow>(MESSAGE, {
        where: { state: UNFINISHED, role: 'assistant', kind, deletedAt: IsNull() },
        order: { id: 'ASC' },
      });
      if (messages.length === 0) return [];
      const chatIds = [...new Set(messages.map(({ chatId }) => chatId))];
      const chats = await manager.findBy<ChatRow>(CHAT, { id: In(chatIds) });
      const chatById = new Map(chats.map((chat) => [chat.id, chat]));
      return messages.flatMap((message) => {
        const chat = chatById.get(message.chatId);
        return chat === undefined ? [] : [{ message, chat }];
      });
    });
  }
}

function columnsOf(end: MessageEnd, now: number) {
  return {
    state: end.state,
    error: end.error,
    timeline: end.timeline,
    finishedAt: now,
    ...(end.content === undefined ? {} : { content: end.content, searchText: fold(end.content) }),
    ...(end.attachments === undefined ? {} : { attachments: end.attachments }),
    ...(end.usage === undefined
      ? {}
      : {
          promptTokens: end.usage?.prompt_tokens ?? null,
          completionTokens: end.usage?.completion_tokens ?? null,
        }),
  };
}
