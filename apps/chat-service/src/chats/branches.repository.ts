import { read } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull } from 'typeorm';
import { z } from 'zod';
import { MESSAGE, type MessageRow } from './message.entity.ts';
import { ancestry, siblingsAfterAll } from './message-tree.ts';

/** Databases give sums as numbers or as text. */
const chatSize = z.object({ messages: z.coerce.number(), chars: z.coerce.number() });

/** A message with all versions of it, this one among them. */
export interface BranchMessage {
  readonly row: MessageRow;
  readonly siblings: readonly number[];
}

export interface BranchPage {
  /** Oldest first. */
  readonly messages: readonly BranchMessage[];
  /** The message before the first of these; null at the beginning. */
  readonly previousId: number | null;
}

/** What is shown of a chat: one way through its messages. */
@Injectable()
export class BranchesRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** The end of the branch that leads to a message: that one and `limit - 1` before it. */
  page(chatId: number, endId: number | null, limit: number): Promise<BranchPage> {
    return read(this.source, async (manager) => {
      const ids: number[] = [];
      let previousId: number | null = null;
      if (endId !== null) {
        // In a chat without branches that is one step.
        for await (const { id } of ancestry(manager, chatId, endId, limit + 1)) {
          if (ids.length === limit) {
            previousId = id;
            break;
          }
          ids.push(id);
        }
      }
      const rows = ids.length === 0 ? [] : await manager.findBy<MessageRow>(MESSAGE, { id: In(ids) });
      const parents = rows.map(({ parentId }) => parentId);
      const siblings = await siblingsAfterAll(manager, chatId, parents);
      const messages = rows
        .sort((one, other) => one.id - other.id)
        .map((row) => ({ row, siblings: siblings.get(row.parentId) ?? [row.id] }));
      return { messages, previousId };
    });
  }

  /** Texts of a branch from a message on towards its beginning, that message among them. */
  count(chatId: number, fromId: number): Promise<number> {
    return read(this.source, async (manager) => {
      let count = 0;
      for await (const { kind } of ancestry(manager, chatId, fromId)) count += kind === 'text' ? 1 : 0;
      return count;
    });
  }

  /** The ids of the branch that leads to a message. */
  ids(chatId: number, endId: number): Promise<Set<number>> {
    return read(this.source, async (manager) => {
      const ids = new Set<number>();
      for await (const { id } of ancestry(manager, chatId, endId)) ids.add(id);
      return ids;
    });
  }

  /** How much all messages of all branches are. */
  async size(chatId: number): Promise<{ readonly messages: number; readonly chars: number }> {
    const row: unknown = await read(this.source, (manager) =>
      manager
        .createQueryBuilder<MessageRow>(MESSAGE, 'm')
        .select('COUNT(*)', 'messages')
        .addSelect('COALESCE(SUM(LENGTH(m.content) + COALESCE(LENGTH(m.thinking), 0)), 0)', 'chars')
        .where('m.chatId = :chatId AND m.deletedAt IS NULL', { chatId })
        .getRawOne(),
    );
    return chatSize.parse(row);
  }

  /** All messages of all branches, oldest first. */
  all(chatId: number): Promise<MessageRow[]> {
    return read(this.source, (manager) =>
      manager.find<MessageRow>(MESSAGE, {
        where: { chatId, deletedAt: IsNull() },
        order: { id: 'ASC' },
      }),
    );
  }
}
