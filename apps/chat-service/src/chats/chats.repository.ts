import { FINAL_STATES, type CreateChatBody, type ThinkSetting, type UpdateChatBody } from '@baton/contracts';
import { PlainTable, read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { Brackets, DataSource, IsNull, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { CHAT, type ChatRow } from './chat.entity.ts';
import { MESSAGE, type MessageRow } from './message.entity.ts';
import type { PagePosition } from './page-cursor.ts';
import { LIKE_ESCAPE, containsPattern, fold } from './search-text.ts';

export interface ChatPageQuery {
  readonly userId: number;
  readonly text: string | null;
  readonly after: PagePosition | null;
  readonly limit: number;
}

/** Conversations of one user at a time: every query names the owner, and a deleted chat is nobody's. */
@Injectable()
export class ChatsRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** Newest first, pinned before the others. */
  list({ userId, text, after, limit }: ChatPageQuery): Promise<ChatRow[]> {
    return read(this.source, (manager) => {
      const query = manager
        .createQueryBuilder<ChatRow>(CHAT, 'chat')
        .where('chat.userId = :userId AND chat.hidden = :hidden AND chat.deletedAt IS NULL', {
          userId,
          hidden: false,
        })
        .orderBy('chat.pinned', 'DESC')
        .addOrderBy('chat.updatedAt', 'DESC')
        .addOrderBy('chat.id', 'DESC')
        .limit(limit);
      if (text !== null) whereContains(query, text);
      if (after !== null) whereAfter(query, after);
      return query.getMany();
    });
  }

  find(userId: number, chatId: number): Promise<ChatRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<ChatRow>(CHAT, { id: chatId, userId, deletedAt: IsNull() }),
    );
  }

  create(userId: number, body: CreateChatBody, now: number): Promise<ChatRow> {
    const row: Omit<ChatRow, 'id'> = {
      userId,
      title: body.title ?? '',
      titleBy: body.title === undefined ? 'message' : 'user',
      kind: 'chat',
      hidden: false,
      searchText: fold(body.title ?? ''),
      pinned: false,
      model: body.model ?? null,
      temperature: body.temperature ?? null,
      topP: body.top_p ?? null,
      maxTokens: body.max_tokens ?? null,
      think: storedSetting(body.think),
      systemPrompt: body.system_prompt ?? null,
      leafId: null,
      plan: null,
      planState: null,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    };
    return write(this.source, async (manager) => ({
      ...row,
      id: await new PlainTable<ChatRow>(manager, CHAT).insert(row),
    }));
  }

  /** Null when the user has no such chat. */
  async update(
    userId: number,
    chatId: number,
    changes: UpdateChatBody,
    now: number,
  ): Promise<ChatRow | null> {
    return this.turn((chats) => chats.change({ userId, chatId, now, set: columnsOf(changes) }));
  }

  delete(userId: number, chatId: number, now: number): Promise<boolean> {
    return this.turn(async (chats) => {
      return (await chats.change({ userId, chatId, now, set: { deletedAt: now } })) !== null;
    });
  }

  /** Messages of a chat, oldest first. */
  messages(chatId: number): Promise<MessageRow[]> {
    return read(this.source, (manager) =>
      manager.find<MessageRow>(MESSAGE, { where: { chatId, deletedAt: IsNull() }, order: { id: 'ASC' } }),
    );
  }

  /** One transaction over a chat and its messages. Nothing remote may happen inside. */
  turn<T>(work: (chats: ChatTurn) => Promise<T>): Promise<T> {
    return write(this.source, (manager) => work(new ChatTurn(manager)));
  }
}

/** What can be done within one transaction. Whoever sends a message waits for it. */
export class ChatTurn {
  private readonly manager: EntityManager;
  private readonly chats: PlainTable<ChatRow>;
  private readonly messages: PlainTable<MessageRow>;

  constructor(manager: EntityManager) {
    this.manager = manager;
    this.chats = new PlainTable(manager, CHAT);
    this.messages = new PlainTable(manager, MESSAGE);
  }

  /**
   * Changes a chat and reads it. The UPDATE comes first on purpose: it locks the row, so that of two requests for one
   * chat the second sees what the first did. Null when the user has no such chat.
   */
  async change(change: {
    readonly userId: number;
    readonly chatId: number;
    readonly now: number;
    readonly set?: Partial<ChatRow>;
  }): Promise<ChatRow | null> {
    const { userId, chatId, now, set } = change;
    const mine = { id: chatId, userId, deletedAt: null };
    if (!(await this.chats.update(mine, { ...set, updatedAt: now }))) return null;
    return this.chats.find({ id: chatId });
  }

  async setLeaf(chatId: number, leafId: number | null): Promise<void> {
    await this.chats.update({ id: chatId }, { leafId });
  }

  async setModel(chatId: number, model: string): Promise<void> {
    await this.chats.update({ id: chatId }, { model });
  }

  /** Gives the chat a title unless it has one. */
  async titleOnce(chat: ChatRow, title: string): Promise<void> {
    if (chat.title !== '' || title === '') return;
    await this.chats.update({ id: chat.id }, { title, searchText: fold(title) });
  }

  /** Whether a reply in words is still being made. Images are made beside the conversation and do not count. */
  hasUnfinishedReply(chatId: number): Promise<boolean> {
    return this.messages.has({ chatId, deletedAt: null, kind: 'text', state: { notIn: FINAL_STATES } });
  }

  message(chatId: number, id: number): Promise<MessageRow | null> {
    return this.manager.findOneBy<MessageRow>(MESSAGE, { id, chatId, deletedAt: IsNull() });
  }

  /** The newest message that is not deleted. */
  lastMessage(chatId: number): Promise<MessageRow | null> {
    return this.manager.findOne<MessageRow>(MESSAGE, {
      where: { chatId, deletedAt: IsNull() },
      order: { id: 'DESC' },
    });
  }

  async add(row: Omit<MessageRow, 'id'>): Promise<MessageRow> {
    return { ...row, id: await this.messages.insert(row) };
  }

  async removeMessage(id: number, now: number): Promise<void> {
    await this.messages.update({ id }, { deletedAt: now });
  }
}

function storedSetting(think: ThinkSetting | null | undefined): string | null {
  return think === null || think === undefined ? null : JSON.stringify(think);
}

function columnsOf(changes: UpdateChatBody): Partial<ChatRow> {
  return {
    ...(changes.title === undefined
      ? {}
      : { title: changes.title, searchText: fold(changes.title), titleBy: 'user' as const }),
    ...(changes.pinned === undefined ? {} : { pinned: changes.pinned }),
    ...(changes.model === undefined ? {} : { model: changes.model }),
    ...(changes.temperature === undefined ? {} : { temperature: changes.temperature }),
    ...(changes.top_p === undefined ? {} : { topP: changes.top_p }),
    ...(changes.think === undefined ? {} : { think: storedSetting(changes.think) }),
    ...(changes.max_tokens === undefined ? {} : { maxTokens: changes.max_tokens }),
    ...(changes.system_prompt === undefined ? {} : { systemPrompt: changes.system_prompt }),
  };
}

function whereContains(query: SelectQueryBuilder<ChatRow>, text: string): void {
  const messages = query
    .subQuery()
    .select('1')
    .from<MessageRow>(MESSAGE, 'message')
    .where('message.chatId = chat.id AND message.deletedAt IS NULL')
    .andWhere(`message.searchText LIKE :pattern ESCAPE '${LIKE_ESCAPE}'`);
  query
    .andWhere(`(chat.searchText LIKE :pattern ESCAPE '${LIKE_ESCAPE}' OR EXISTS ${messages.getQuery()})`)
    .setParameter('pattern', containsPattern(text));
}

/** The chats that come after a position in the order of the list. */
function whereAfter(query: SelectQueryBuilder<ChatRow>, after: PagePosition): void {
  query.andWhere(
    new Brackets((later) => {
      later
        .where('chat.pinned < :pinned')
        .orWhere('(chat.pinned = :pinned AND chat.updatedAt < :updatedAt)')
        .orWhere('(chat.pinned = :pinned AND chat.updatedAt = :updatedAt AND chat.id < :id)');
    }),
    { pinned: after.pinned, updatedAt: after.updatedAt, id: after.id },
  );
}
