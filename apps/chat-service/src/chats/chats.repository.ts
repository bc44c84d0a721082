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

/** What a chat is created with; what is left out is as in a chat that a person begins. */
export interface NewChat extends CreateChatBody {
  readonly userId: number;
  readonly kind?: ChatRow['kind'];
  readonly plan?: object | null;
  readonly planState?: ChatRow['planState'];
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

  /** A chat of the lists: hidden ones are found by `findKind` only. */
  find(userId: number, chatId: number): Promise<ChatRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<ChatRow>(CHAT, { id: chatId, userId, hidden: false, deletedAt: IsNull() }),
    );
  }

  findKind(userId: number, chatId: number, kind: ChatRow['kind']): Promise<ChatRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<ChatRow>(CHAT, { id: chatId, userId, kind, deletedAt: IsNull() }),
    );
  }

  /** A chat of any kind, for example one that is the frame of a one-shot question or a batch. */
  createKind(chat: NewChat, now: number): Promise<ChatRow> {
    return this.turn((turn) => turn.create(chat, now));
  }

  create(userId: number, body: CreateChatBody, now: number): Promise<ChatRow> {
    return this.createKind({ ...body, userId }, now);
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

  /** The title that a model made. False when the chat is gone or its title is the user's own: that one stays. */
  setModelTitle(chatId: number, title: string): Promise<boolean> {
    return this.turn((turn) => turn.setModelTitle(chatId, title));
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

  async create(chat: NewChat, now: number): Promise<ChatRow> {
    const row = newChatRow(chat, now);
    return { ...row, id: await this.chats.insert(row) };
  }

  /**
   * Changes a chat and reads it. The UPDATE comes first on purpose: it locks the row, so that of two requests for one
   * chat the second sees what the first did. Null when the user has no such chat; a hidden one is found only by whoever says so.
   */
  async change(change: {
    readonly userId: number;
    readonly chatId: number;
    readonly now: number;
    readonly hidden?: boolean;
    readonly set?: Partial<ChatRow>;
  }): Promise<ChatRow | null> {
    const { userId, chatId, now, hidden = false, set } = change;
    const mine = { id: chatId, userId, hidden, deletedAt: null };
    if (!(await this.chats.update(mine, { ...set, updatedAt: now }))) return null;
    return this.chats.find({ id: chatId });
  }

  /** A model's title: never in the place of one that a person chose. False when nothing was changed. */
  async setModelTitle(chatId: number, title: string): Promise<boolean> {
    const open = { id: chatId, titleBy: { notIn: ['user'] }, deletedAt: null } as const;
    return this.chats.update(open, { title, searchText: fold(title), titleBy: 'model' });
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

  async add(row: Omit<MessageRow, 'id'>): Promise<MessageRow> {
    return { ...row, id: await this.messages.insert(row) };
  }

  async removeMessage(id: number, now: number): Promise<void> {
    await this.messages.update({ id }, { deletedAt: now });
  }
}

function newChatRow(chat: NewChat, now: number): Omit<ChatRow, 'id'> {
  const kind = chat.kind ?? 'chat';
  return {
    userId: chat.userId,
    title: chat.title ?? '',
    titleBy: chat.title === undefined ? 'message' : 'user',
    kind,
    hidden: kind === 'one_shot' || kind === 'batch',
    searchText: fold(chat.title ?? ''),
    pinned: false,
    model: chat.model ?? null,
    temperature: chat.temperature ?? null,
    topP: chat.top_p ?? null,
    maxTokens: chat.max_tokens ?? null,
    think: storedSetting(chat.think),
    systemPrompt: chat.system_prompt ?? null,
    leafId: null,
    plan: chat.plan ?? null,
    planState: chat.planState ?? null,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
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
