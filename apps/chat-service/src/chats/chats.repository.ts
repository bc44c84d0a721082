import type { CreateChatBody, ThinkSetting, UpdateChatBody } from '@baton/contracts';
import { PlainTable, read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { Brackets, DataSource, In, IsNull, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { CHAT, type ChatRow } from './chat.entity.ts';
import { MESSAGE, UNFINISHED_STATES, type MessageRow } from './message.entity.ts';
import { newestEnd, siblingsAfter } from './message-tree.ts';
import type { PagePosition } from './page-cursor.ts';
import { soughtWords } from './search-words.ts';
import { titleFrom } from './title.ts';
import { WordsRepository, holdsWord } from './words.repository.ts';

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
    const words = text === null ? null : soughtWords(text);
    // Signs alone are in no index, and so in no chat.
    if (words?.length === 0) return Promise.resolve([]);
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
      for (const { sql, parameters } of (words ?? []).map(holdsWord)) query.andWhere(sql, parameters);
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

  /** Of any kind, the hidden ones among them. */
  has(userId: number, chatId: number): Promise<boolean> {
    return read(this.source, (manager) =>
      manager.existsBy<ChatRow>(CHAT, { id: chatId, userId, deletedAt: IsNull() }),
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
    return this.turn(async (turn) => {
      const chat = await turn.change({ userId, chatId, now, set: columnsOf(changes) });
      const { title } = changes;
      if (chat === null || title === undefined) return chat;
      await turn.rename(chat, title, 'user');
      return { ...chat, title, titleBy: 'user' };
    });
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
  readonly words: WordsRepository;

  constructor(manager: EntityManager) {
    this.manager = manager;
    this.chats = new PlainTable(manager, CHAT);
    this.messages = new PlainTable(manager, MESSAGE);
    this.words = new WordsRepository(manager);
  }

  async create(chat: NewChat, now: number): Promise<ChatRow> {
    const row = newChatRow(chat, now);
    const id = await this.chats.insert(row);
    const created = { ...row, id };
    if (!row.hidden && row.title !== '') await this.words.add(created, row.title);
    return created;
  }

  /**
   * Changes a chat and reads it. The UPDATE comes first on purpose: it locks the row, so that of two requests for one
   * chat the second sees what the first did. Null when the user has no such chat; a hidden one is found only by whoever says so.
   */
  async change(change: {
    readonly userId: number;
    readonly chatId: number;
    /** When it happens, for the order of the list; null leaves the chat where it is. */
    readonly now: number | null;
    readonly hidden?: boolean;
    readonly set?: Partial<ChatRow>;
  }): Promise<ChatRow | null> {
    const { userId, chatId, now, hidden = false, set } = change;
    const mine = { id: chatId, userId, hidden, deletedAt: null };
    // Without any change the row would not be locked.
    const moved: Partial<ChatRow> = now === null ? { hidden } : { updatedAt: now };
    if (!(await this.chats.update(mine, { ...set, ...moved }))) return null;
    return this.chats.find({ id: chatId });
  }

  /** A model's title: never in the place of one that a person chose. False when nothing was changed. */
  async setModelTitle(chatId: number, title: string): Promise<boolean> {
    const open = { id: chatId, titleBy: { notIn: ['user'] }, deletedAt: null } as const;
    // First of all the row is locked, as everywhere.
    if (!(await this.chats.update(open, { titleBy: 'model' }))) return false;
    const chat = await this.chats.find({ id: chatId });
    if (chat !== null) await this.rename(chat, title, 'model');
    return chat !== null;
  }

  /** A chat that is nobody's until `show`, and that the purge removes if that never comes. */
  async createUnshown(chat: NewChat, now: number): Promise<ChatRow> {
    const created = await this.create(chat, now);
    await this.chats.update({ id: created.id }, { deletedAt: now });
    return created;
  }

  async show(chatId: number, leafId: number | null): Promise<void> {
    await this.chats.update({ id: chatId }, { leafId, deletedAt: null });
  }

  async setLeaf(chatId: number, leafId: number | null): Promise<void> {
    await this.chats.update({ id: chatId }, { leafId });
  }

  async setModel(chatId: number, model: string): Promise<void> {
    await this.chats.update({ id: chatId }, { model });
  }

  async rename(chat: ChatRow, title: string, titleBy: ChatRow['titleBy']): Promise<void> {
    await this.chats.update({ id: chat.id }, { title, titleBy });
    if (!chat.hidden) await this.words.replace(chat, chat.title, title);
  }

  /** Has the search find a user's new message, and gives the chat a title out of it unless it has one. */
  async take(chat: ChatRow, content: string): Promise<void> {
    const title = chat.title === '' ? titleFrom(content) : '';
    if (title !== '') await this.chats.update({ id: chat.id }, { title });
    if (!chat.hidden) await this.words.addAll(chat, [title, content]);
  }

  /** Whether a reply in words is still being made. Images are made beside the conversation and do not count. */
  hasUnfinishedReply(chatId: number): Promise<boolean> {
    return this.messages.has({ chatId, deletedAt: null, kind: 'text', state: { in: UNFINISHED_STATES } });
  }

  /** Texts that are being written: this message itself, and answers to it. */
  async beingWritten({ id, chatId }: MessageRow): Promise<number[]> {
    const open = { chatId, kind: 'text', state: In([...UNFINISHED_STATES]), deletedAt: IsNull() } as const;
    const rows = await this.manager.find<MessageRow>(MESSAGE, {
      select: { id: true },
      where: [
        { id, ...open },
        { parentId: id, ...open },
      ],
    });
    return rows.map((row) => row.id);
  }

  message(chatId: number, id: number): Promise<MessageRow | null> {
    return this.manager.findOneBy<MessageRow>(MESSAGE, { id, chatId, deletedAt: IsNull() });
  }

  async add(row: Omit<MessageRow, 'id'>): Promise<MessageRow> {
    return { ...row, id: await this.messages.insert(row) };
  }

  async changeMessage(id: number, set: Partial<MessageRow>): Promise<void> {
    await this.messages.update({ id }, set);
  }

  /** Takes a message away: what followed it follows the one before. */
  async removeMessage({ id, chatId, parentId }: MessageRow, now: number): Promise<void> {
    await this.messages.update({ id }, { deletedAt: now });
    await this.messages.update({ chatId, parentId: id }, { parentId });
  }

  /** Versions of one message, oldest first: all that follow the same. */
  siblings({ chatId, parentId }: MessageRow): Promise<number[]> {
    return siblingsAfter(this.manager, chatId, parentId);
  }

  /** The newest end of what follows a message (that message itself when nothing does), or of the whole chat. */
  newestEnd(chatId: number, after: number | null): Promise<number | null> {
    return newestEnd(this.manager, chatId, after);
  }
}

const HIDDEN_KINDS: readonly ChatRow['kind'][] = ['one_shot', 'picture', 'batch'];

function newChatRow(chat: NewChat, now: number): Omit<ChatRow, 'id'> {
  const kind = chat.kind ?? 'chat';
  return {
    userId: chat.userId,
    title: chat.title ?? '',
    titleBy: chat.title === undefined ? 'message' : 'user',
    kind,
    hidden: HIDDEN_KINDS.includes(kind),
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
    ...(changes.pinned === undefined ? {} : { pinned: changes.pinned }),
    ...(changes.model === undefined ? {} : { model: changes.model }),
    ...(changes.temperature === undefined ? {} : { temperature: changes.temperature }),
    ...(changes.top_p === undefined ? {} : { topP: changes.top_p }),
    ...(changes.think === undefined ? {} : { think: storedSetting(changes.think) }),
    ...(changes.max_tokens === undefined ? {} : { maxTokens: changes.max_tokens }),
    ...(changes.system_prompt === undefined ? {} : { systemPrompt: changes.system_prompt }),
  };
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
