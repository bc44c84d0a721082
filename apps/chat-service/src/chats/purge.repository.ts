import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, LessThan } from 'typeorm';
import { CHAT, type ChatRow } from './chat.entity.ts';
import { MESSAGE, UNFINISHED_STATES, type MessageRow } from './message.entity.ts';
import { WordsRepository } from './words.repository.ts';

/** Rows of one transaction: whoever sends a message meanwhile waits no longer than that takes. */
const MESSAGES_AT_ONCE = 200;

/** Rows that nobody can see any more. */
@Injectable()
export class PurgeRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** Chats that were deleted before then. */
  deletedChats(before: number, limit: number): Promise<number[]> {
    return read(this.source, async (manager) =>
      idsOf(
        await manager.find<ChatRow>(CHAT, {
          select: { id: true },
          where: { deletedAt: LessThan(before) },
          order: { deletedAt: 'ASC', id: 'ASC' },
          take: limit,
        }),
      ),
    );
  }

  /** One-shot questions whose answer is older than that, after an id; one that still waits for its answer is left. */
  async answeredQuestions(before: number, limit: number): Promise<number[]> {
    return read(this.source, async (manager) => {
      const old = idsOf(
        await manager.find<ChatRow>(CHAT, {
          select: { id: true },
          where: { kind: 'one_shot', updatedAt: LessThan(before), deletedAt: IsNull() },
          order: { updatedAt: 'ASC', id: 'ASC' },
          take: limit,
        }),
      );
      if (old.length === 0) return [];
      const waiting = await manager.find<MessageRow>(MESSAGE, {
        select: { id: true, chatId: true },
        where: { chatId: In(old), state: In([...UNFINISHED_STATES]) },
      });
      const open = new Set(waiting.map(({ chatId }) => chatId));
      return old.filter((id) => !open.has(id));
    });
  }

  /** Removes some messages of a chat; the number of them, 0 when none is left. */
  removeMessages(chatId: number): Promise<number> {
    return this.removeSome({ chatId });
  }

  /** Removes some messages that were deleted one by one before then; the number of them, 0 when none is left. */
  removeDeletedMessages(before: number): Promise<number> {
    return this.removeSome({ deletedAt: LessThan(before) });
  }

  /** Its messages have been removed before. */
  async removeChat(chatId: number): Promise<void> {
    await write(this.source, async (manager) => {
      await new WordsRepository(manager).forget(chatId);
      await manager.delete<ChatRow>(CHAT, { id: chatId });
    });
  }

  private removeSome(where: Parameters<typeof findSome>[1]): Promise<number> {
    return write(this.source, async (manager) => {
      const ids = idsOf(await findSome(manager, where));
      if (ids.length > 0) await manager.delete<MessageRow>(MESSAGE, { id: In(ids) });
      return ids.length;
    });
  }
}

function findSome(
  manager: DataSource['manager'],
  where: { readonly chatId: number } | { readonly deletedAt: ReturnType<typeof LessThan<number>> },
): Promise<Pick<MessageRow, 'id'>[]> {
  return manager.find<MessageRow>(MESSAGE, { select: { id: true }, where, take: MESSAGES_AT_ONCE });
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}
