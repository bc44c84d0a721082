import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FakeClock, systemClock, type Clock } from '@baton/kernel';
import { Metrics } from '@baton/platform';
import { eventually } from '@baton/testing';
import { answered, chatCore, type ChatCore } from '../testing/chat-core.ts';
import { DIALECTS, openTestDatabase, quietLog, type TestDatabase } from '../testing/databases.ts';
import { CHAT, type ChatRow } from './chat.entity.ts';
import { MESSAGE, type MessageRow } from './message.entity.ts';
import { PurgeRepository } from './purge.repository.ts';
import { PurgeService } from './purge.service.ts';

const DAY_MS = 86_400_000;

describe.each(DIALECTS)('the purge in %s', (dialect) => {
  let database: TestDatabase;
  let core: ChatCore;
  /** Days are told by hand, pauses between batches are real. */
  const time = new FakeClock();
  const clock: Clock = { ...systemClock, now: () => time.now() };
  let purge: PurgeService;
  let nextUser = 1;

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
    core = chatCore(database.source, clock);
    purge = purgeWith(clock);
  });
  afterAll(() => database.close());

  function purgeWith(given: Clock): PurgeService {
    const repository = new PurgeRepository(database.source);
    return new PurgeService(repository, { keepDays: 30 }, given, quietLog, new Metrics('chat-service'));
  }

  async function say(userId: number, chatId: number, content: string): Promise<number> {
    const { reply } = await core.exchanges.begin({ userId, chatId, content });
    await core.exchanges.finish(reply.id, answered('yes'));
    return reply.id;
  }

  function rowsOf(chatId: number): Promise<[chats: number, messages: number, words: number]> {
    const { manager } = database.source;
    return Promise.all([
      manager.countBy<ChatRow>(CHAT, { id: chatId }),
      manager.countBy<MessageRow>(MESSAGE, { chatId }),
      manager
        .query('SELECT COUNT(*) AS count FROM chat_words WHERE chat_id = ?', [chatId])
        .then((rows: { count: number | string }[]) => Number(rows[0]?.count)),
    ]);
  }

  test('removes a chat that was deleted long enough ago, whole, and no other', async () => {
    const userId = nextUser++;
    const [gone, kept] = [
      (await core.chats.create(userId, { model: 'gpt-oss:20b' })).id,
      (await core.chats.create(userId, { model: 'gpt-oss:20b' })).id,
    ];
    // More than one batch holds.
    for (let n = 0; n < 120; n += 1) await say(userId, gone, `question ${n}`);
    await say(userId, kept, 'question');
    await core.chats.delete(userId, gone);
    await time.advance(29 * DAY_MS);
    await purge.purge();
    expect((await rowsOf(gone))[1]).toBe(240);
    await time.advance(2 * DAY_MS);
    await expect(purge.purge()).resolves.toEqual({ chats: 1, messages: 240 });
    await expect(rowsOf(gone)).resolves.toEqual([0, 0, 0]);
    await expect(rowsOf(kept)).resolves.toEqual([1, 2, 2]);
    await expect(purge.purge()).resolves.toEqual({ chats: 0, messages: 0 });
  });

  test('removes messages that were deleted one by one', async () => {
    const userId = nextUser++;
    const { id: chatId } = await core.chats.create(userId, { model: 'gpt-oss:20b' });
    const first = await say(userId, chatId, 'one');
    await say(userId, chatId, 'two');
    await core.messages.remove({ userId, chatId, messageId: first });
    await time.advance(31 * DAY_MS);
    await expect(purge.purge()).resolves.toEqual({ chats: 0, messages: 1 });
    const { messages } = await core.chats.get(userId, chatId);
    expect(messages.map(({ content }) => content)).toEqual(['one', 'two', 'yes']);
  });

  test('removes one-shot questions after a day, but none that waits for its answer', async () => {
    const userId = nextUser++;
    const ask = () =>
      core.exchanges.beginNew({ userId, kind: 'one_shot', model: 'gpt-oss:20b' }, { content: 'Why?' });
    // More that wait than are looked at together, and older than the one that does not.
    const waiting = [];
    for (let n = 0; n < 51; n += 1) waiting.push(await ask());
    const done = await ask();
    await core.exchanges.finish(done.reply.id, answered('Because.'));
    await expect(purge.purge()).resolves.toEqual({ chats: 0, messages: 0 });
    await time.advance(DAY_MS + 1);
    await expect(purge.purge()).resolves.toEqual({ chats: 1, messages: 2 });
    await expect(rowsOf(done.chat.id)).resolves.toEqual([0, 0, 0]);
    for (const { reply } of waiting) await core.exchanges.finish(reply.id, answered('Because.'));
    await expect(purge.purge()).resolves.toEqual({ chats: 51, messages: 102 });
  });

  test('leaves pictures without a chat, however old, until nothing is left of them', async () => {
    const wish = { userId: nextUser++, chatId: null, description: 'a fence' };
    const { reply } = await core.chats.addImageMessages(wish);
    const end = { state: 'done', error: null, attachments: [], timeline: [] } as const;
    await core.chats.finishImage(reply.id, end);
    await time.advance(400 * DAY_MS);
    await expect(purge.purge()).resolves.toEqual({ chats: 0, messages: 0 });
    await core.chats.forgetImages([reply.id]);
    await time.advance(31 * DAY_MS);
    await expect(purge.purge()).resolves.toEqual({ chats: 1, messages: 2 });
    await expect(rowsOf(reply.chat_id)).resolves.toEqual([0, 0, 0]);
  });

  test('comes by itself, every hour, until the service ends', async () => {
    const userId = nextUser++;
    const timers: { ms: number; run: () => void }[] = [];
    const byHand: Clock = {
      ...clock,
      // The pauses between batches go on by themselves.
      after: (ms, run) => {
        if (ms < 1_000) return systemClock.after(0, run);
        timers.push({ ms, run });
        return () => timers.splice(0);
      },
    };
    const service = purgeWith(byHand);
    service.onApplicationBootstrap();
    for (const wait of [60_000, 3_600_000]) {
      const { id } = await core.chats.create(userId, {});
      await core.chats.delete(userId, id);
      await time.advance(31 * DAY_MS);
      const [timer] = timers.splice(0);
      expect(timer?.ms).toBe(wait);
      timer?.run();
      await eventually(async () => (await rowsOf(id)).every((count) => count === 0));
      await eventually(() => timers.length === 1);
    }
    await service.onModuleDestroy();
    expect(timers).toEqual([]);
  });
});
