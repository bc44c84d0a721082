import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
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

  /** One-shot questions that were asked before then, oldest first; one that still waits for its answer is left. */
  answeredQuestions(before: number, limit: number): Promise<number[]> {
    return read(this.source, async (manager) => {
      const waiting = manager
        .createQueryBuilder<MessageRow>(MESSAGE, 'waiting')
        .select('waiting.id')
        .where('waiting.chatId = chat.id AND waiting.state IN (:...unfinished)');
      return idsOf(
        await manager
          .createQueryBuilder<ChatRow>(CHAT, 'chat')
          .select('chat.id')
          .where("chat.kind = 'one_shot' AND chat.updatedAt < :before AND chat.deletedAt IS NULL", { before })
          // Here and not afterwards: many that wait must not hide those that do not.
          .andWhere(`NOT EXISTS (${waiting.getQuery()})`, { unfinished: UNFINISHED_STATES })
          .orderBy('chat.updatedAt')
          .addOrderBy('chat.id')
          .limit(limit)
          .getMany(),
      );
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
