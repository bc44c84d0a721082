import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chatCore } from '../testing/chat-core.ts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import type { ChatsService } from './chats.service.ts';
import type { ExchangesService } from './exchanges.service.ts';
import type { MessageEnd } from './message-end.ts';

const END: MessageEnd = {
  state: 'done',
  error: null,
  content: 'Yes. 🙂',
  usage: { prompt_tokens: 10, completion_tokens: 2 },
  timeline: [
    { lane: { engine: 'ollama', model: 'gpt-oss:20b' }, queued_ms: 1, swap: null, first_ms: 2, total_ms: 3 },
  ],
};

describe.each(DIALECTS)('exchanges in %s', (dialect) => {
  let database: TestDatabase;
  let chats: ChatsService;
  let exchanges: ExchangesService;
  let nextUser = 1;

  beforeAll(async () => {
    database = await openTestDatabase(dialect);
    ({ chats, exchanges } = chatCore(database.source));
  });
  afterAll(() => database.close());

  async function newChat(): Promise<{ userId: number; chatId: number }> {
    const userId = nextUser++;
    return { userId, chatId: (await chats.create(userId, { model: 'gpt-oss:20b' })).id };
  }

  test('of two messages sent to one chat at the same time exactly one is taken in', async () => {
    const { userId, chatId } = await newChat();
    const send = () => exchanges.begin({ userId, chatId, content: 'Why?', model: undefined });
    const results = await Promise.allSettled([send(), send(), send(), send()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'chat.busy' });
    }
    await expect(chats.get(userId, chatId)).resolves.toMatchObject({ messages: [{}, {}] });
  });

  test('the first end of a reply stands, whatever comes later', async () => {
    const { userId, chatId } = await newChat();
    const { task } = await exchanges.begin({ userId, chatId, content: 'Why?', model: undefined });
    const ends: MessageEnd[] = [END, { ...END, state: 'cancelled', content: '' }];
    const stored = await Promise.all(ends.map((end) => exchanges.finish(task.replyId, end)));
    expect(stored.filter(Boolean)).toHaveLength(1);
    await expect(exchanges.finish(task.replyId, END)).resolves.toBe(false);
  });

  test('an ended reply reads as it was stored', async () => {
    const { userId, chatId } = await newChat();
    const { task } = await exchanges.begin({ userId, chatId, content: 'Why?', model: undefined });
    await exchanges.finish(task.replyId, END);
    await expect(exchanges.reply(userId, task.replyId)).resolves.toMatchObject({
      state: 'done',
      content: END.content,
      usage: END.usage,
      timeline: END.timeline,
      finished_at: expect.any(String),
    });
  });

  test('what was left behind is found with its settings, once it is ended no more', async () => {
    const { userId, chatId } = await newChat();
    await chats.update(userId, chatId, { temperature: 0.5, system_prompt: 'Be brief.' });
    const { task } = await exchanges.begin({ userId, chatId, content: 'Why?', model: undefined });
    await exchanges.startAttempt(task.replyId, 2);
    const mine = async () =>
      (await exchanges.leftBehind()).filter(({ task: { chatId: id } }) => id === chatId);
    await expect(mine()).resolves.toEqual([{ task: { ...task, attempt: 2 }, isAbandoned: false }]);
    await exchanges.finish(task.replyId, END);
    await expect(mine()).resolves.toEqual([]);
  });

  test('the conversation before a reply is told newest first, over many pages, without empty answers', async () => {
    const { userId, chatId } = await newChat();
    for (let n = 0; n < 45; n += 1) {
      const { task } = await exchanges.begin({ userId, chatId, content: `question ${n}`, model: undefined });
      await exchanges.finish(task.replyId, n === 44 ? { ...END, state: 'cancelled', content: '' } : END);
    }
    const { task } = await exchanges.begin({ userId, chatId, content: 'last', model: undefined });
    const told: string[] = [];
    for await (const { content } of exchanges.before(chatId, task.replyId)) told.push(content);
    expect(told).toHaveLength(45 + 44 + 1);
    expect(told.slice(0, 4)).toEqual(['last', 'question 44', END.content, 'question 43']);
    expect(told.at(-1)).toBe('question 0');
  });

  test('an image message ends once, with its pictures, and only as an image', async () => {
    const { userId, chatId } = await newChat();
    const { reply } = await chats.addImageMessages({ userId, chatId, description: 'a fence at dusk' });
    const attachments = [{ image_id: 7, width: 512, height: 768 }];
    const end = { state: 'done', error: null, attachments, timeline: [] } as const;
    await expect(exchanges.finish(reply.id, END)).resolves.toBe(false);
    await expect(chats.finishImage(reply.id, end)).resolves.toBe(true);
    await expect(chats.finishImage(reply.id, { ...end, state: 'failed' })).resolves.toBe(false);
    const { messages, chat } = await chats.get(userId, chatId);
    expect(messages[1]).toMatchObject({ kind: 'image', state: 'done', attachments, content: '' });
    expect(chat.title).toBe('a fence at dusk');
  });

  test('an image without a chat has a hidden one, and ends as any other', async () => {
    const { userId } = await newChat();
    const before = await chats.list(userId, { limit: 10 });
    const wish = { kind: 'image', referenceImageId: 7 };
    const { message, reply } = await chats.addImageMessages({
      userId,
      chatId: null,
      description: 'a fence at dusk',
      wish,
    });
    expect(reply).toMatchObject({ chat_id: message.chat_id, kind: 'image', state: 'queued' });
    await expect(chats.list(userId, { limit: 10 })).resolves.toEqual(before);
    await expect(chats.list(userId, { q: 'dusk', limit: 10 })).resolves.toMatchObject({ chats: [] });
    await expect(chats.openImageMessages()).resolves.toContainEqual({
      messageId: reply.id,
      userId,
      chatId: reply.chat_id,
      hasChat: false,
      description: 'a fence at dusk',
      wish,
    });
    const end = { state: 'done', error: null, attachments: [], timeline: [] } as const;
    await expect(chats.finishImage(reply.id, end)).resolves.toBe(true);
    await expect(chats.goneMessages([reply.id])).resolves.toEqual([]);
  });

  test('of an image without a chat nothing stays when it is forgotten; one in a chat is not forgotten', async () => {
    const { userId, chatId } = await newChat();
    const description = 'a fence at dusk';
    const hidden = await chats.addImageMessages({ userId, chatId: null, description });
    const shown = await chats.addImageMessages({ userId, chatId, description });
    const ids = [hidden.reply.id, shown.reply.id];
    await expect(chats.forgetImages(ids)).resolves.toBe(1);
    await expect(chats.forgetImages(ids)).resolves.toBe(0);
    await expect(chats.forgetImages([])).resolves.toBe(0);
    await expect(chats.goneMessages(ids)).resolves.toEqual([hidden.reply.id]);
  });

  test('an image that asks for a chat of its own gets one that is listed and found', async () => {
    const { userId } = await newChat();
    const wish = { userId, chatId: null, isListed: true, description: 'a lighthouse' };
    const { reply } = await chats.addImageMessages(wish);
    const { chats: found } = await chats.list(userId, { q: 'lighthouse', limit: 10 });
    expect(found).toMatchObject([{ id: reply.chat_id, title: 'a lighthouse' }]);
    await expect(chats.openImageMessages()).resolves.toContainEqual({
      messageId: reply.id,
      userId,
      chatId: reply.chat_id,
      hasChat: true,
      description: 'a lighthouse',
      wish: {},
    });
  });

  test('an image being made does not keep a message out', async () => {
    const { userId, chatId } = await newChat();
    await chats.addImageMessages({ userId, chatId, description: 'a fence at dusk' });
    await expect(
      exchanges.begin({ userId, chatId, content: 'Meanwhile?', model: undefined }),
    ).resolves.toMatchObject({ reply: { state: 'queued' } });
  });
});
