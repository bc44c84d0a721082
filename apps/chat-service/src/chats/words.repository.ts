import { dialectOf } from '@baton/platform/database';
import type { EntityManager } from 'typeorm';
import { wordsOf } from './search-words.ts';

/** Words of one statement: well below what any of the databases takes as parameters. */
const WORDS_AT_ONCE = 400;
/** Sorts behind every letter. */
const BEHIND_ALL = '\u{10FFFF}';

const ADD = {
  sqlite: 'ON CONFLICT (chat_id, word) DO UPDATE SET uses = uses + excluded.uses',
  mysql: 'ON DUPLICATE KEY UPDATE uses = uses + VALUES(uses)',
} as const;

/** Whose words they are. */
export interface WordOwner {
  readonly id: number;
  readonly userId: number;
}

/**
 * What the search looks in. Belongs to the transaction that changes the text, so that the two are never apart; the
 * chat's row is locked there, so that two changes of one chat take turns.
 */
export class WordsRepository {
  private readonly manager: EntityManager;

  /** @param manager of a transaction */
  constructor(manager: EntityManager) {
    this.manager = manager;
  }

  /** The words of one more text of the chat. */
  async add(chat: WordOwner, text: string): Promise<void> {
    await this.change(chat, { added: countsOf([text]), removed: [] });
  }

  async addAll(chat: WordOwner, texts: Iterable<string>): Promise<void> {
    await this.change(chat, { added: countsOf(texts), removed: [] });
  }

  async remove(chat: WordOwner, text: string): Promise<void> {
    await this.change(chat, { added: new Map(), removed: [...wordsOf(text)] });
  }

  async replace(chat: WordOwner, before: string, after: string): Promise<void> {
    const [old, now] = [wordsOf(before), wordsOf(after)];
    await this.change(chat, {
      added: new Map([...now].filter((word) => !old.has(word)).map((word) => [word, 1])),
      removed: [...old].filter((word) => !now.has(word)),
    });
  }

  /** All words of a chat. */
  async forget(chatId: number): Promise<void> {
    await this.manager.query('DELETE FROM chat_words WHERE chat_id = ?', [chatId]);
  }

  private async change(
    { id: chatId, userId }: WordOwner,
    { added, removed }: { added: ReadonlyMap<string, number>; removed: readonly string[] },
  ): Promise<void> {
    const onConflict = ADD[dialectOf(this.manager.dataSource)];
    // In one order for everybody: MySQL locks row by row.
    for (const some of chunksOf([...added].sort(byWord))) {
      await this.manager.query(
        `INSERT INTO chat_words (chat_id, word, user_id, uses) VALUES ${some.map(() => '(?, ?, ?, ?)').join(', ')} ${onConflict}`,
        some.flatMap(([word, uses]) => [chatId, word, userId, uses]),
      );
    }
    for (const some of chunksOf([...removed].sort())) {
      const these = `chat_id = ? AND word IN (${some.map(() => '?').join(', ')})`;
      await this.manager.query(`UPDATE chat_words SET uses = uses - 1 WHERE ${these}`, [chatId, ...some]);
      await this.manager.query(`DELETE FROM chat_words WHERE ${these} AND uses < 1`, [chatId, ...some]);
    }
  }
}

/** A condition on `chat.id` for one beginning of a word, within the chats of the user `:userId`; and its parameters. */
export function holdsWord(
  beginning: string,
  index: number,
): { readonly sql: string; readonly parameters: Record<string, string> } {
  const [from, to] = [`from${index}`, `to${index}`];
  return {
    // DISTINCT keeps MariaDB from going through all words of each chat instead.
    sql: `chat.id IN (SELECT found.chat_id FROM (SELECT DISTINCT said.chat_id FROM chat_words said WHERE said.user_id = :userId AND said.word >= :${from} AND said.word < :${to}) found)`,
    parameters: { [from]: beginning, [to]: beginning + BEHIND_ALL },
  };
}

function countsOf(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function byWord([one]: readonly [string, number], [other]: readonly [string, number]): number {
  return one < other ? -1 : 1;
}

function chunksOf<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / WORDS_AT_ONCE);
  return Array.from({ length: count }, (_, n) => all.slice(n * WORDS_AT_ONCE, (n + 1) * WORDS_AT_ONCE));
}
