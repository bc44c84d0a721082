import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import { ChatsRepository, type ChatPageQuery } from './chats.repository.ts';
import type { ChatRow } from './chat.entity.ts';
import { userMessageRow } from './new-messages.ts';

describe.each(DIALECTS)('chats in %s', (dialect) => {
  let database: TestDatabase;
  let chats: ChatsRepository;
  let nextUser = 1;

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
    chats = new ChatsRepository(database.source);
  });

  afterAll(() => database.close());

  /** Every test has a user of its own, so that none sees what another left. */
  function newUser(): number {
    return nextUser++;
  }

  function list(query: Partial<ChatPageQuery> & { userId: number }): Promise<ChatRow[]> {
    return chats.list({ text: null, after: null, limit: 50, ...query });
  }

  async function say(chat: ChatRow, content: string): Promise<number> {
    const row = userMessageRow({ chatId: chat.id, parentId: null, kind: 'text', content, now: 1 });
    return chats.turn(async (turn) => {
      await turn.take(chat, content);
      return (await turn.add(row)).id;
    });
  }

  test('the migrations leave nothing for the schema builder to change', async () => {
    const { upQueries } = await database.source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  test('a chat comes back as it was created', async () => {
    const userId = newUser();
    const body = {
      title: 'Забор',
      model: 'gpt-oss:20b',
      temperature: 0.7,
      max_tokens: 512,
      system_prompt: '🙂',
    };
    const created = await chats.create(userId, body, 1_795_000_000_123);
    await expect(chats.find(userId, created.id)).resolves.toEqual(created);
    expect(created).toMatchObject({
      title: 'Забор',
      temperature: 0.7,
      createdAt: 1_795_000_000_123,
      pinned: false,
    });
  });

  test('pinned chats come first, then the most recently changed, then the newest', async () => {
    const userId = newUser();
    const old = await chats.create(userId, { title: 'old' }, 10);
    const twinA = await chats.create(userId, { title: 'twin a' }, 20);
    const twinB = await chats.create(userId, { title: 'twin b' }, 20);
    const pinned = await chats.create(userId, { title: 'pinned' }, 5);
    await chats.update(userId, pinned.id, { pinned: true }, 6);
    const titles = (await list({ userId })).map(({ title }) => title);
    expect(titles).toEqual([pinned, twinB, twinA, old].map(({ title }) => title));
  });

  test('pages joined together are the whole list, with equal times and pins among them', async () => {
    const userId = newUser();
    for (let n = 0; n < 11; n += 1) {
      const { id } = await chats.create(userId, { title: `chat ${n}` }, 100 + Math.floor(n / 4));
      if (n % 5 === 0) await chats.update(userId, id, { pinned: true }, 100 + Math.floor(n / 4));
    }
    const paged: ChatRow[] = [];
    for (let page = await list({ userId, limit: 3 }); page.length > 0;) {
      paged.push(...page);
      page = await list({ userId, limit: 3, after: page.at(-1) ?? null });
    }
    expect(paged).toEqual(await list({ userId }));
    expect(paged).toHaveLength(11);
  });

  test('the search finds titles and messages, whatever case and accents', async () => {
    const userId = newUser();
    const fence = await chats.create(userId, { title: 'Крашу ЗАБОР' }, 1);
    const tree = await chats.create(userId, {}, 2);
    await say(tree, 'Где купить ёлку? Und eine Tür, 50% billiger');
    const found = async (text: string): Promise<number[]> =>
      (await list({ userId, text })).map(({ id }) => id);
    await expect(found('забор')).resolves.toEqual([fence.id]);
    await expect(found('ЕЛКУ')).resolves.toEqual([tree.id]);
    await expect(found('tur,')).resolves.toEqual([tree.id]);
    await expect(found('nothing')).resolves.toEqual([]);
  });

  test.each(['%', '_', '!', '\\', "'", '"', '*', '🙂'])(
    '%s is no word: nothing is found by it',
    async (sign) => {
      const userId = newUser();
      await chats.create(userId, { title: `a ${sign} b` }, 2);
      await expect(list({ userId, text: sign })).resolves.toEqual([]);
    },
  );

  test('one user neither sees nor changes nor deletes the chat of another', async () => {
    const [mine, other] = [newUser(), newUser()];
    const chat = await chats.create(mine, { title: 'secret' }, 1);
    await say(chat, 'secret');
    await expect(chats.find(other, chat.id)).resolves.toBeNull();
    await expect(chats.update(other, chat.id, { title: 'taken' }, 2)).resolves.toBeNull();
    await expect(chats.delete(other, chat.id, 2)).resolves.toBe(false);
    await expect(list({ userId: other, text: 'secret' })).resolves.toEqual([]);
    await expect(chats.find(mine, chat.id)).resolves.toEqual(chat);
  });

  test('a deleted chat is in no list, in no search and cannot be changed', async () => {
    const userId = newUser();
    const chat = await chats.create(userId, { title: 'gone' }, 1);
    await expect(chats.delete(userId, chat.id, 2)).resolves.toBe(true);
    await expect(chats.delete(userId, chat.id, 3)).resolves.toBe(false);
    await expect(list({ userId })).resolves.toEqual([]);
    await expect(list({ userId, text: 'gone' })).resolves.toEqual([]);
    await expect(chats.update(userId, chat.id, { title: 'back' }, 3)).resolves.toBeNull();
  });

  test('a change leaves alone what it does not name, and null takes a setting away', async () => {
    const userId = newUser();
    const chat = await chats.create(userId, { title: 'a', model: 'm', temperature: 1 }, 1);
    const changed = await chats.update(userId, chat.id, { temperature: null }, 2);
    expect(changed).toEqual({ ...chat, temperature: null, updatedAt: 2 });
  });

  test('a transaction that fails leaves nothing, and takes nothing of its neighbours with it', async () => {
    const userId = newUser();
    const chat = await chats.create(userId, { title: 'before' }, 1);
    const failing = chats.turn(async (turn) => {
      await turn.change({ userId, chatId: chat.id, now: 2, set: { title: 'half done' } });
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('on purpose');
    });
    const neighbour = chats.create(userId, { title: 'neighbour' }, 3);
    await expect(failing).rejects.toThrow('on purpose');
    const { id } = await neighbour;
    await expect(chats.find(userId, id)).resolves.not.toBeNull();
    await expect(chats.find(userId, chat.id)).resolves.toEqual(chat);
  });
});
