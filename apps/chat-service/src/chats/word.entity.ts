import type { Dialect } from '@baton/platform/database';
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { WORD_CHARS } from './search-words.ts';

/**
 * A row of `chat_words`: a word that the title or a message of a chat holds. One row for each word of a chat, however
 * often it is said: an index of a tenth of the size, which is written in one place for each message.
 */
export interface WordRow {
  chatId: number;
  word: string;
  /** Of the chat: a search is within one person's words. */
  userId: number;
  /** How many texts of the chat (title and messages) hold it; a row without any is removed. */
  uses: number;
}

export const WORD = 'word';

export function wordEntity(dialect: Dialect): EntitySchema<WordRow> {
  return new EntitySchema<WordRow>({
    name: WORD,
    tableName: 'chat_words',
    // Rows lie in the order of the key: the words of one chat are on neighbouring pages.
    ...(dialect === 'sqlite' ? { withoutRowid: true } : {}),
    columns: {
      chatId: { name: 'chat_id', type: 'integer', primary: true },
      word: { ...wordColumn(dialect), primary: true },
      userId: { name: 'user_id', type: 'integer' },
      uses: { type: 'integer' },
    },
    // What the search reads, and nothing else of the table.
    indices: [{ name: 'words_of_user', columns: ['userId', 'word', 'chatId'] }],
  });
}

/** Compared byte by byte in both databases: the text is folded before it comes here. */
function wordColumn(dialect: Dialect): EntitySchemaColumnOptions {
  const column = { type: 'varchar', length: WORD_CHARS } as const;
  return dialect === 'mysql' ? { ...column, charset: 'utf8mb4', collation: 'utf8mb4_bin' } : column;
}
