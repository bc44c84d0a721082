import { foldText } from '@baton/kernel';
import { createMissingIndices, dialectOf, integerType, type Dialect } from '@baton/platform/database';
import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';
import { z } from 'zod';
import { WORD_CHARS } from '../chats/search-words.ts';
import { WordsRepository, type WordOwner } from '../chats/words.repository.ts';

const CHATS_AT_ONCE = 100;
const MESSAGES_AT_ONCE = 200;

const titles = z.array(z.object({ id: z.coerce.number(), user_id: z.coerce.number(), title: z.string() }));
const texts = z.array(z.object({ id: z.coerce.number(), content: z.string() }));

/** The search reads words from an index instead of every text; the folded copies of all texts go. */
export class SearchWords1795305600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    // Whatever an earlier try filled in begins anew.
    await runner.dropTable('chat_words', true);
    await runner.createTable(words(dialect));
    await createMissingIndices(runner, 'chats', [index('chats_of_kind', ['kind', 'updated_at', 'id'])]);
    await createMissingIndices(runner, 'chat_messages', [
      index('messages_deleted', ['deleted_at', 'id']),
      index('messages_of_chat_by_state', ['chat_id', 'state']),
    ]);
    await fillWords(runner);
    for (const table of ['chats', 'chat_messages']) {
      if (await runner.hasColumn(table, 'search_text')) {
        await runner.query(`ALTER TABLE ${table} DROP COLUMN search_text`);
      }
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    for (const [table, text] of [
      ['chats', 'title'],
      ['chat_messages', 'content'],
    ] as const) {
      await runner.query(ADD_FOLDED[dialect](table));
      await fillFolded(runner, table, text);
      // As it was: without a default. SQLite keeps its own, since a table made anew would take all messages with it.
      if (dialect === 'mysql')
        await runner.query(`ALTER TABLE ${table} MODIFY search_text ${FOLDED_TYPE} NOT NULL`);
    }
    await runner.dropIndex('chat_messages', 'messages_of_chat_by_state');
    await runner.dropIndex('chat_messages', 'messages_deleted');
    await runner.dropIndex('chats', 'chats_of_kind');
    await runner.dropTable('chat_words');
  }
}

const FOLDED_TYPE = 'longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const ADD_FOLDED = {
  mysql: (table: string) => `ALTER TABLE ${table} ADD search_text ${FOLDED_TYPE} NULL`,
  sqlite: (table: string) => `ALTER TABLE ${table} ADD search_text text NOT NULL DEFAULT ''`,
} as const;

/** Only chats that are listed are searched. */
async function fillWords(runner: QueryRunner): Promise<void> {
  const repository = new WordsRepository(runner.manager);
  for (let after = 0; ;) {
    const page = titles.parse(
      await runner.query(
        `SELECT id, user_id, title FROM chats WHERE id > ? AND hidden = 0 AND deleted_at IS NULL ORDER BY id LIMIT ${CHATS_AT_ONCE}`,
        [after],
      ),
    );
    for (const { id, user_id: userId, title } of page) {
      await repository.add({ id, userId }, title);
      await fillMessages(runner, repository, { id, userId });
      after = id;
    }
    if (page.length < CHATS_AT_ONCE) return;
  }
}

async function fillMessages(
  runner: QueryRunner,
  repository: WordsRepository,
  chat: WordOwner,
): Promise<void> {
  for (let after = 0; ;) {
    const page = texts.parse(
      await runner.query(
        `SELECT id, content FROM chat_messages WHERE chat_id = ? AND id > ? AND deleted_at IS NULL ORDER BY id LIMIT ${MESSAGES_AT_ONCE}`,
        [chat.id, after],
      ),
    );
    await repository.addAll(
      chat,
      page.map(({ content }) => content),
    );
    after = page.at(-1)?.id ?? after;
    if (page.length < MESSAGES_AT_ONCE) return;
  }
}

async function fillFolded(runner: QueryRunner, table: string, text: string): Promise<void> {
  for (let after = 0; ;) {
    const page = texts.parse(
      await runner.query(
        `SELECT id, ${text} AS content FROM ${table} WHERE id > ? ORDER BY id LIMIT ${MESSAGES_AT_ONCE}`,
        [after],
      ),
    );
    for (const { id, content } of page) {
      await runner.query(`UPDATE ${table} SET search_text = ? WHERE id = ?`, [foldText(content), id]);
      after = id;
    }
    if (page.length < MESSAGES_AT_ONCE) return;
  }
}

function words(dialect: Dialect): Table {
  const integer = integerType(dialect);
  const binary = dialect === 'mysql' ? { charset: 'utf8mb4', collation: 'utf8mb4_bin' } : {};
  return new Table({
    name: 'chat_words',
    ...(dialect === 'sqlite' ? { withoutRowid: true } : {}),
    columns: [
      { name: 'chat_id', type: integer, isPrimary: true },
      { name: 'word', type: 'varchar', length: `${WORD_CHARS}`, isPrimary: true, ...binary },
      { name: 'user_id', type: integer },
      { name: 'uses', type: integer },
    ],
    indices: [{ name: 'words_of_user', columnNames: ['user_id', 'word', 'chat_id'] }],
  });
}

function index(name: string, columnNames: string[]): TableIndex {
  return new TableIndex({ name, columnNames });
}
