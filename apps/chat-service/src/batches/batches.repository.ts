import { FINAL_STATES, type Usage } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, Not, type EntityManager } from 'typeorm';
import { CHAT, type ChatRow } from '../chats/chat.entity.ts';
import { ChatTurn, type NewChat } from '../chats/chats.repository.ts';
import { MESSAGE, type MessageRow } from '../chats/message.entity.ts';
import { userMessageRow } from '../chats/new-messages.ts';
import { batchPlan, type BatchPlan, type ItemOptions } from './batch-plan.ts';

export type BatchState = 'running' | 'done' | 'cancelled';

export interface StoredBatch {
  readonly chat: ChatRow;
  readonly plan: BatchPlan;
  readonly state: BatchState;
}

export interface NewItem extends ItemOptions {
  readonly message: string;
}

export interface NewBatch {
  readonly chat: Omit<NewChat, 'kind' | 'plan' | 'planState'>;
  readonly plan: BatchPlan;
  readonly items: readonly NewItem[];
  /** As many batches may a user have open, this one included. */
  readonly maxOpen: number;
}

/** How many items of a batch are where. */
export interface Progress {
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: number;
  readonly usage: Usage;
}

export interface ItemWithReply {
  readonly item: MessageRow;
  /** The answer that counts; null while nobody has begun it. */
  readonly reply: MessageRow | null;
}

/** Rows of one statement: each has about 25 columns, and the smallest database takes some 30,000 values. */
const ROWS_AT_ONCE = 200;
const LISTED = 100;
const KIND = 'batch';
const NONE: Progress = {
  done: 0,
  failed: 0,
  cancelled: 0,
  running: 0,
  usage: { prompt_tokens: 0, completion_tokens: 0 },
};

/** Batches: a hidden chat each, with a user's message for every item, and its answer below. */
@Injectable()
export class BatchesRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** All of it or nothing. @throws AppError `batch.too_many` */
  create({ chat, plan, items, maxOpen }: NewBatch, now: number): Promise<StoredBatch> {
    return write(this.source, async (manager) => {
      const { userId } = chat;
      const open = await manager.countBy<ChatRow>(CHAT, {
        userId,
        kind: KIND,
        planState: 'running',
        deletedAt: IsNull(),
      });
      if (open >= maxOpen) throw new AppError('batch.too_many', { userId, open });
      const turn = new ChatTurn(manager);
      const row = await turn.create({ ...chat, kind: KIND, plan, planState: 'running' }, now);
      for (let from = 0; from < items.length; from += ROWS_AT_ONCE) {
        const some = items.slice(from, from + ROWS_AT_ONCE);
        await manager.insert<MessageRow>(
          MESSAGE,
          some.map((item) => itemRow(row.id, item, now)),
        );
      }
      return { chat: row, plan, state: 'running' };
    });
  }

  async find(batchId: number, userId?: number): Promise<StoredBatch | null> {
    const chat = await read(this.source, (manager) =>
      manager.findOneBy<ChatRow>(CHAT, {
        id: batchId,
        kind: KIND,
        deletedAt: IsNull(),
        ...(userId === undefined ? {} : { userId }),
      }),
    );
    return chat === null ? null : storedBatch(chat);
  }

  /** The newest of a user. */
  list(userId: number): Promise<StoredBatch[]> {
    return this.all({
      where: { userId, kind: KIND, deletedAt: IsNull() },
      order: { id: 'DESC' },
      take: LISTED,
    });
  }

  /** Those that are open, of everybody, oldest first. */
  running(): Promise<StoredBatch[]> {
    return this.all({
      where: { planState: 'running', kind: KIND, deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }

  /** False when it was not running any more. */
  close(batchId: number, state: BatchState, plan: BatchPlan): Promise<boolean> {
    return write(this.source, async (manager) => {
      const { affected } = await manager.update<ChatRow>(
        CHAT,
        { id: batchId, planState: 'running' },
        { planState: state, plan },
      );
      return affected !== 0;
    });
  }

  async delete(batchId: number, now: number): Promise<void> {
    await write(this.source, (manager) =>
      manager.update<ChatRow>(CHAT, { id: batchId, kind: KIND }, { deletedAt: now }),
    );
  }

  /** The first item that has no answer, made or being made; null when there is none. */
  nextItem(batchId: number): Promise<MessageRow | null> {
    return read(this.source, (manager) => {
      const answered = manager
        .createQueryBuilder()
        .select('1')
        .from<MessageRow>(MESSAGE, 'answer')
        .where('answer.chatId = item.chatId AND answer.parentId = item.id AND answer.deletedAt IS NULL');
      return manager
        .createQueryBuilder<MessageRow>(MESSAGE, 'item')
        .where('item.chatId = :batchId AND item.parentId IS NULL AND item.role = :role', {
          batchId,
          role: 'user',
        })
        .andWhere(`NOT EXISTS (${answered.getQuery()})`)
        .orderBy('item.id', 'ASC')
        .limit(1)
        .getOne();
    });
  }

  answer(replyId: number): Promise<MessageRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<MessageRow>(MESSAGE, { id: replyId, deletedAt: IsNull() }),
    );
  }

  /** Answers in these states that count. */
  answersIn(batchId: number, states: 'unfinished' | 'failed'): Promise<MessageRow[]> {
    const state = states === 'failed' ? ('failed' as const) : Not(In([...FINAL_STATES]));
    return read(this.source, (manager) =>
      manager.find<MessageRow>(MESSAGE, {
        where: { chatId: batchId, role: 'assistant', state, deletedAt: IsNull() },
        order: { id: 'ASC' },
      }),
    );
  }

  /** How many answers an item has had, put away ones too. */
  tries({ chatId, parentId }: MessageRow): Promise<number> {
    if (parentId === null) return Promise.resolve(0);
    return read(this.source, (manager) =>
      manager.countBy<MessageRow>(MESSAGE, { chatId, parentId, role: 'assistant' }),
    );
  }

  /** The item has no answer then, and is taken up again. */
  async putAway(replyId: number, now: number): Promise<void> {
    await write(this.source, (manager) =>
      manager.update<MessageRow>(MESSAGE, { id: replyId }, { deletedAt: now }),
    );
  }

  async progress(batchIds: readonly number[]): Promise<Map<number, Progress>> {
    if (batchIds.length === 0) return new Map();
    const rows = await read(this.source, (manager) => countStates(manager, batchIds));
    const progress = new Map<number, Progress>();
    for (const row of rows) {
      const batchId = Number(row.chatId);
      progress.set(batchId, withCount(progress.get(batchId) ?? NONE, row));
    }
    return progress;
  }

  /** Items in the order of the request, from a place on, each with its answer. */
  async items(batchId: number, from: number, limit: number): Promise<ItemWithReply[]> {
    return read(this.source, async (manager) => {
      const items = await manager.find<MessageRow>(MESSAGE, {
        where: { chatId: batchId, parentId: IsNull(), role: 'user' },
        order: { id: 'ASC' },
        skip: from,
        take: limit,
      });
      const ids = items.map(({ id }) => id);
      const replies = await manager.findBy<MessageRow>(MESSAGE, {
        chatId: batchId,
        parentId: In(ids),
        role: 'assistant',
        deletedAt: IsNull(),
      });
      const byItem = new Map(replies.map((reply) => [reply.parentId, reply]));
      return items.map((item) => ({ item, reply: byItem.get(item.id) ?? null }));
    });
  }

  private async all(options: Parameters<EntityManager['find']>[1]): Promise<StoredBatch[]> {
    const chats = await read(this.source, (manager) => manager.find<ChatRow>(CHAT, options as object));
    return chats.map(storedBatch).filter((batch) => batch !== null);
  }
}

function storedBatch(chat: ChatRow): StoredBatch | null {
  const plan = batchPlan.safeParse(chat.plan).data;
  const state = chat.planState;
  if (plan === undefined || (state !== 'running' && state !== 'done' && state !== 'cancelled')) return null;
  return { chat, plan, state };
}

function itemRow(chatId: number, { index, custom_id, message }: NewItem, now: number) {
  const row = userMessageRow({ chatId, parentId: null, kind: 'text', content: message, now });
  return { ...row, options: { index, custom_id } satisfies ItemOptions };
}

interface StateCount {
  readonly chatId: number | string;
  readonly state: MessageRow['state'];
  readonly count: number | string;
  readonly promptTokens: number | string | null;
  readonly completionTokens: number | string | null;
}

function countStates(manager: EntityManager, batchIds: readonly number[]): Promise<StateCount[]> {
  return manager
    .createQueryBuilder<MessageRow>(MESSAGE, 'answer')
    .select('answer.chatId', 'chatId')
    .addSelect('answer.state', 'state')
    .addSelect('COUNT(*)', 'count')
    .addSelect('SUM(answer.promptTokens)', 'promptTokens')
    .addSelect('SUM(answer.completionTokens)', 'completionTokens')
    .where('answer.chatId IN (:...batchIds) AND answer.role = :role AND answer.deletedAt IS NULL', {
      batchIds: [...batchIds],
      role: 'assistant',
    })
    .groupBy('answer.chatId')
    .addGroupBy('answer.state')
    .getRawMany<StateCount>();
}

/** Databases give sums as text where they may be large. */
function withCount(before: Progress, row: StateCount): Progress {
  const isFinal = row.state === 'done' || row.state === 'failed' || row.state === 'cancelled';
  const where = isFinal ? row.state : 'running';
  return {
    ...before,
    [where]: before[where] + Number(row.count),
    usage: {
      prompt_tokens: before.usage.prompt_tokens + Number(row.promptTokens ?? 0),
      completion_tokens: before.usage.completion_tokens + Number(row.completionTokens ?? 0),
    },
  };
}
