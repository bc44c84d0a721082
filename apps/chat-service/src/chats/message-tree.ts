import { In, IsNull, LessThanOrEqual, MoreThan, type EntityManager } from 'typeorm';
import { MESSAGE, type MessageRow } from './message.entity.ts';

/**
 * Reading the tree that the messages of a chat are. Two things make it cheap without recursive statements (of which MySQL
 * and MariaDB end each after 1,000 levels): what follows a message is younger than it, so a walk up reads rows newest
 * first and a walk down oldest first; and nothing follows a deleted message, since its children were handed on.
 */

/** Rows of one step of a walk. */
const STEP = 500;

type Link = Pick<MessageRow, 'id' | 'parentId' | 'kind' | 'deletedAt'>;
const LINK = { id: true, parentId: true, kind: true, deletedAt: true } as const;

/** The ids from a message up towards the beginning of its branch, without deleted ones. */
export async function* ancestry(
  manager: EntityManager,
  chatId: number,
  leafId: number,
  step = STEP,
): AsyncGenerator<Link, void, undefined> {
  for (let wanted: number | null = leafId; wanted !== null;) {
    const from: number = wanted;
    const rows: Link[] = await manager.find<MessageRow>(MESSAGE, {
      select: LINK,
      where: { chatId, id: LessThanOrEqual(from) },
      order: { id: 'DESC' },
      take: step,
    });
    for (const row of rows) {
      if (row.id !== wanted) continue;
      wanted = row.parentId;
      if (row.deletedAt === null) yield row;
    }
    // It is not there: purged, or of another chat.
    if (wanted === from) return;
  }
}

/** All that follow the same message, oldest first. */
export async function siblingsAfter(
  manager: EntityManager,
  chatId: number,
  parentId: number | null,
): Promise<number[]> {
  const rows = await manager.find<MessageRow>(MESSAGE, {
    select: { id: true },
    where: { chatId, parentId: parentId ?? IsNull(), deletedAt: IsNull() },
    order: { id: 'ASC' },
  });
  return rows.map(({ id }) => id);
}

/** The same for many at once, by the message that they follow. */
export async function siblingsAfterAll(
  manager: EntityManager,
  chatId: number,
  parentIds: readonly (number | null)[],
): Promise<ReadonlyMap<number | null, readonly number[]>> {
  const parents = [...new Set(parentIds)].filter((id) => id !== null);
  const rows =
    parents.length === 0
      ? []
      : await manager.find<MessageRow>(MESSAGE, {
          select: { id: true, parentId: true },
          where: { chatId, parentId: In(parents), deletedAt: IsNull() },
        });
  // Here and not in the statement: the index has them in order for each message only, not for all together.
  rows.sort((one, other) => one.id - other.id);
  const byParent = new Map<number | null, number[]>();
  for (const { id, parentId } of rows) byParent.set(parentId, [...(byParent.get(parentId) ?? []), id]);
  if (parentIds.includes(null)) byParent.set(null, await siblingsAfter(manager, chatId, null));
  return byParent;
}

/**
 * The newest of all that follow a message, directly or not: always the end of a branch. That message itself when nothing
 * follows it. Null asks for the newest end of the chat, which an empty chat has not.
 */
export async function newestEnd(
  manager: EntityManager,
  chatId: number,
  after: number | null,
): Promise<number | null> {
  if (after === null) {
    const [newest] = await manager.find<MessageRow>(MESSAGE, {
      select: { id: true },
      where: { chatId, deletedAt: IsNull() },
      order: { id: 'DESC' },
      take: 1,
    });
    return newest?.id ?? null;
  }
  const below = new Set([after]);
  let newest = after;
  for (let from = after; ;) {
    const rows = await manager.find<MessageRow>(MESSAGE, {
      select: { id: true, parentId: true },
      where: { chatId, id: MoreThan(from), deletedAt: IsNull() },
      order: { id: 'ASC' },
      take: STEP,
    });
    for (const { id, parentId } of rows) {
      from = id;
      if (parentId === null || !below.has(parentId)) continue;
      below.add(id);
      newest = id;
    }
    if (rows.length < STEP) return newest;
  }
}
