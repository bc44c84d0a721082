import { dialectOf, read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, In, IsNull, LessThanOrEqual } from 'typeorm';
import { CHAT, type ChatRow } from './chat.entity.ts';
import type { MessageEnd } from './message-end.ts';
import { MESSAGE, UNFINISHED_STATES, type MessageRow } from './message.entity.ts';
import { siblingsAfter } from './message-tree.ts';
import { WordsRepository } from './words.repository.ts';

/** What a message says, without the rest of its row. */
export type SaidRow = Pick<
  MessageRow,
  | 'id'
  | 'parentId'
  | 'role'
  | 'kind'
  | 'content'
  | 'attachments'
  | 'promptTokens'
  | 'completionTokens'
  | 'details'
  | 'editedAt'
  | 'thinking'
  | 'model'
>;

/** A reply that was under way when the process ended, with the chat that it belongs to. */
export interface UnfinishedReply {
  readonly message: MessageRow;
  readonly chat: ChatRow;
}

const SAID = {
  id: true,
  parentId: true,
  role: true,
  kind: true,
  content: true,
  attachments: true,
  promptTokens: true,
  completionTokens: true,
  details: true,
  editedAt: true,
  thinking: true,
  model: true,
} as const satisfies Record<keyof SaidRow, true>;

const UNFINISHED = In([...UNFINISHED_STATES]);

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

  /** A message and those before it in the chat, whatever branch they are on, newest first. */
  upTo(chatId: number, messageId: number, limit: number): Promise<SaidRow[]> {
    return read(this.source, (manager) =>
      manager.find<MessageRow>(MESSAGE, {
        select: SAID,
        where: { chatId, id: LessThanOrEqual(messageId) },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  /** Stores the end of a message. False when it had ended before: the first end stands. */
  finish(id: number, kind: MessageRow['kind'], end: MessageEnd, now: number): Promise<boolean> {
    return write(this.source, async (manager) => {
      const unfinished = { id, kind, role: 'assistant', state: UNFINISHED } as const;
      const message = await manager.findOne<MessageRow>(MESSAGE, {
        select: { id: true, chatId: true, deletedAt: true },
        where: unfinished,
      });
      if (message === null) return false;
      const chat = await lockChat(manager, message.chatId);
      const { affected } = await manager.update<MessageRow>(MESSAGE, unfinished, columnsOf(end, now));
      if (affected === 0) return false;
      const isFound = chat?.hidden === false && message.deletedAt === null;
      if (isFound && end.content !== undefined) await new WordsRepository(manager).add(chat, end.content);
      return true;
    });
  }

  /** The next attempt's number is stored before its GPU job is added, so that no job id is used twice. */
  async setAttempt(id: number, attempt: number): Promise<void> {
    await write(this.source, (manager) => manager.update<MessageRow>(MESSAGE, { id }, { attempt }));
  }

  /** What an answer was asked for: the message that it follows. */
  questionOf({ chatId, parentId }: MessageRow): Promise<MessageRow | null> {
    if (parentId === null) return Promise.resolve(null);
    return read(this.source, (manager) => manager.findOneBy<MessageRow>(MESSAGE, { chatId, id: parentId }));
  }

  /** All versions that follow the same message, this one among them, oldest first. */
  siblings({ chatId, parentId }: MessageRow): Promise<number[]> {
    return read(this.source, (manager) => siblingsAfter(manager, chatId, parentId));
  }

  isUnfinished(id: number): Promise<boolean> {
    return read(this.source, (manager) => manager.existsBy<MessageRow>(MESSAGE, { id, state: UNFINISHED }));
  }

  /** Those of these messages that nobody will see again: deleted, or their chat is, or there is no such row. */
  gone(ids: readonly number[]): Promise<number[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return read(this.source, async (manager) => {
      const rows = await manager.find<MessageRow>(MESSAGE, {
        select: { id: true, chatId: true },
        where: { id: In([...ids]), deletedAt: IsNull() },
      });
      const chats = await manager.find<ChatRow>(CHAT, {
        select: { id: true },
        where: { id: In([...new Set(rows.map(({ chatId }) => chatId))]), deletedAt: IsNull() },
      });
      const shownChats = new Set(chats.map(({ id }) => id));
      const shown = new Set(rows.filter(({ chatId }) => shownChats.has(chatId)).map(({ id }) => id));
      return ids.filter((id) => !shown.has(id));
    });
  }

  /** Deletes the hidden chats of pictures that these messages are in, and no other chat; how many. */
  async forgetPictures(ids: readonly number[], now: number): Promise<number> {
    if (ids.length === 0) return 0;
    return write(this.source, async (manager) => {
      const rows = await manager.find<MessageRow>(MESSAGE, {
        select: { id: true, chatId: true },
        where: { id: In([...ids]) },
      });
      const chatIds = [...new Set(rows.map(({ chatId }) => chatId))];
      const frames = { id: In(chatIds), kind: 'picture' as const, deletedAt: IsNull() };
      const { affected } = await manager.update<ChatRow>(CHAT, frames, { deletedAt: now });
      return affected ?? 0;
    });
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
      });
      messages.sort((one, other) => one.id - other.id);
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

/** Whoever changes words of a chat holds its row, so that two of them take turns. */
function lockChat(
  manager: EntityManager,
  chatId: number,
): Promise<Pick<ChatRow, 'id' | 'userId' | 'hidden'> | null> {
  return manager.findOne<ChatRow>(CHAT, {
    select: { id: true, userId: true, hidden: true },
    where: { id: chatId },
    // SQLite has one writer at a time anyway.
    ...(dialectOf(manager.dataSource) === 'mysql' ? { lock: { mode: 'pessimistic_write' } } : {}),
  });
}

function columnsOf(end: MessageEnd, now: number) {
  return {
    state: end.state,
    error: end.error,
    timeline: end.timeline,
    finishedAt: now,
    ...(end.content === undefined ? {} : { content: end.content }),
    ...(end.thinking === undefined ? {} : { thinking: end.thinking }),
    ...(end.details === undefined ? {} : { details: end.details }),
    ...(end.model === undefined ? {} : { model: end.model }),
    ...(end.answerMs === undefined ? {} : { answerMs: end.answerMs }),
    ...(end.attachments === undefined ? {} : { attachments: end.attachments }),
    ...(end.usage === undefined
      ? {}
      : {
          promptTokens: end.usage?.prompt_tokens ?? null,
          completionTokens: end.usage?.completion_tokens ?? null,
        }),
  };
}
