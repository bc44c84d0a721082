import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type DatabaseConfig, type Schema } from '@baton/platform/database';
import { cutAfter, startMariaDb } from '@baton/testing';
import type { DataSource } from 'typeorm';
import { chatCore } from '../testing/chat-core.ts';
import { DIALECTS, quietLog } from '../testing/databases.ts';
import { CreateChats1795132800000 } from './1795132800000-create-chats.ts';
import { Branches1795219200000 } from './1795219200000-branches.ts';
import { SearchWords1795305600000 } from './1795305600000-search-words.ts';
import { chatSchema } from './schema.ts';

const AT = 1_795_000_000_000;

describe.each(DIALECTS)('the migrations in %s', (dialect) => {
  const ends: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function newDatabase(): Promise<DatabaseConfig> {
    if (dialect === 'mysql') return { dialect, ...(await startMariaDb()) };
    const folder = await mkdtemp(join(tmpdir(), 'chat-migrations-'));
    ends.push(() => rm(folder, { recursive: true }));
    return { dialect, folder };
  }

  async function open(config: DatabaseConfig, migrations: Schema['migrations']): Promise<DataSource> {
    const schema = { ...chatSchema, migrations };
    const source = await openDatabase({ schema, config, logSql: false, log: quietLog });
    ends.push(async () => {
      if (source.isInitialized) await source.destroy();
    });
    return source;
  }

  /** What the first version kept: a chat with a picture and a deleted message in it, another user's chat, a deleted one. */
  async function fill(source: DataSource): Promise<void> {
    const chat = (id: number, userId: number, title: string, deletedAt: number | null): Promise<unknown> =>
      source.query(
        'INSERT INTO chats (id, user_id, title, search_text, pinned, created_at, updated_at, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        [id, userId, title, title.toLowerCase(), 0, AT, AT + id, deletedAt],
      );
    const message = (
      id: number,
      chatId: number,
      [role, kind, content]: readonly [role: string, kind: string, content: string],
      deletedAt: number | null = null,
    ): Promise<unknown> =>
      source.query(
        'INSERT INTO chat_messages (id, chat_id, role, kind, content, search_text, state, attempt, created_at, finished_at, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        [id, chatId, role, kind, content, content.toLowerCase(), 'done', 1, AT, AT, deletedAt],
      );
    await chat(1, 1, 'Забор', null);
    await chat(2, 2, 'Other', null);
    await chat(3, 1, 'Gone', AT);
    await message(1, 1, ['user', 'text', 'How do I paint a fence?']);
    await message(2, 2, ['user', 'text', 'Between the others']);
    await message(3, 1, ['assistant', 'text', 'Badly.'], AT);
    await message(4, 1, ['assistant', 'text', 'With Ёлка green.']);
    await message(5, 1, ['user', 'image', 'Show me a fence']);
    await message(6, 1, ['assistant', 'image', '']);
    await message(7, 3, ['user', 'text', 'Nobody sees this']);
    await message(8, 1, ['user', 'text', 'Thanks']);
  }

  test('a database of the first version is one branch in each chat, and is searched', async () => {
    const config = await newDatabase();
    const before = await open(config, [CreateChats1795132800000]);
    await fill(before);
    await before.destroy();

    const { chats, branches, exchanges, repository } = chatCore(await open(config, chatSchema.migrations));
    const shown = await chats.get(1, 1);
    expect(shown.messages.map(({ id }) => id)).toEqual([1, 4, 5, 6, 8]);
    expect(shown.messages.map(({ parent_id: parentId }) => parentId)).toEqual([null, 1, 4, 5, 6]);
    expect(shown.messages.every(({ siblings }) => siblings.length === 1)).toBe(true);
    expect((await chats.get(2, 2)).messages.map(({ id }) => id)).toEqual([2]);
    await expect(chats.get(1, 3)).rejects.toMatchObject({ code: 'chat.not_found' });
    await expect(repository.findKind(1, 1, 'chat')).resolves.toMatchObject({ titleBy: 'user', leafId: 8 });

    const found = async (userId: number, q: string) =>
      (await chats.list(userId, { q, limit: 10 })).chats.map(({ id }) => id);
    await expect(found(1, 'забор елка')).resolves.toEqual([1]);
    await expect(found(1, 'badly')).resolves.toEqual([]);
    await expect(found(1, 'nobody')).resolves.toEqual([]);
    await expect(found(2, 'between')).resolves.toEqual([2]);
    await expect(branches.count(1, 8)).resolves.toBe(3);

    const next = await exchanges.begin({ userId: 1, chatId: 1, content: 'And now?', model: 'gpt-oss:20b' });
    expect(next.message.parent_id).toBe(8);
  });

  test('one that is cut off anywhere begins again at the next start, and loses nothing', async () => {
    const config = await newDatabase();
    const before = await open(config, [CreateChats1795132800000]);
    await fill(before);
    await before.destroy();
    const done: Schema['migrations'][number][] = [CreateChats1795132800000];
    for (const migration of [Branches1795219200000, SearchWords1795305600000]) {
      let cuts = 0;
      // Every third statement, further on with each start, until one start comes through.
      for (let left = 2; ; left += 3) {
        const isThrough = await open(config, [...done, cutAfter(migration, left)]).then(
          async (source) => (await source.destroy(), true),
          () => false,
        );
        if (isThrough) break;
        cuts += 1;
      }
      expect(cuts).toBeGreaterThan(3);
      done.push(migration);
    }
    const source = await open(config, chatSchema.migrations);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const { chats } = chatCore(source);
    expect((await chats.get(1, 1)).messages.map(({ id }) => id)).toEqual([1, 4, 5, 6, 8]);
    const found = await chats.list(1, { q: 'fence елка', limit: 10 });
    expect(found.chats.map(({ id }) => id)).toEqual([1]);
    const uses: unknown = await source.query('SELECT uses FROM chat_words WHERE word = ?', ['fence']);
    expect(uses).toEqual([{ uses: 2 }]);
  });

  test('each can be taken back and made again, without losing a word', async () => {
    const config = await newDatabase();
    const before = await open(config, [CreateChats1795132800000]);
    await fill(before);
    await before.destroy();
    const source = await open(config, chatSchema.migrations);
    for (let left = chatSchema.migrations.length; left > 1; left -= 1) {
      await source.undoLastMigration({ transaction: 'each' });
    }
    const rows: unknown = await source.query(
      'SELECT id, content, search_text FROM chat_messages ORDER BY id',
    );
    expect(rows).toHaveLength(8);
    expect(rows).toContainEqual({ id: 4, content: 'With Ёлка green.', search_text: 'with елка green.' });
    expect(await source.query('SELECT title, search_text FROM chats WHERE id = 1')).toEqual([
      { title: 'Забор', search_text: 'забор' },
    ]);

    await source.runMigrations({ transaction: 'each' });
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const { messages } = await chatCore(source).chats.get(1, 1);
    expect(messages.map(({ id }) => id)).toEqual([1, 4, 5, 6, 8]);
  });
});
