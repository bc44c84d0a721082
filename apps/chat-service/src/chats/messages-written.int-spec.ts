import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { ScriptedOllama, eventually, startRedis } from '@baton/testing';
import { ChatProcess } from '../testing/chat-process.ts';
import { openTestDatabase, type TestDatabase } from '../testing/databases.ts';

const USER = 1;

describe('a message that is still being written', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let service: ChatProcess;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));
  beforeEach(async () => {
    service = await ChatProcess.start({ source: database.source, redisUrl, gpu: new FakeGpu(ollama.url) });
    // One word, and then nothing more.
    ollama.play((answer) => answer.text('Use'));
  });
  afterEach(() => service.shutDown());

  async function streaming(): Promise<{ userId: number; chatId: number; messageId: number }> {
    const { id: chatId } = await service.chats.create({ userId: USER, chat: { model: 'gpt-oss:20b' } });
    const { reply } = await service.replies.send({ userId: USER, chatId, content: 'How?', model: undefined });
    await eventually(async () => (await service.replies.get(USER, reply.id)).state === 'streaming');
    return { userId: USER, chatId, messageId: reply.id };
  }

  test('is stopped before it is deleted, and the chat takes the next one', async () => {
    const name = await streaming();
    await expect(service.messages.delete(name)).resolves.toEqual({ deleted: true, kind: 'text' });
    expect(service.generation.has(name.messageId)).toBe(false);
    const { userId, chatId } = name;
    const { messages } = await service.chats.get({ userId, chatId });
    expect(messages.map(({ content }) => content)).toEqual(['How?']);
    await expect(
      service.replies.send({ userId, chatId, content: 'And now?', model: undefined }),
    ).resolves.toMatchObject({ message: { parent_id: messages[0]?.id } });
  });

  test('is stopped when its question is deleted, keeps its words, and the chat takes the next one', async () => {
    const { userId, chatId, messageId } = await streaming();
    const question = (await service.chats.get({ userId, chatId })).messages[0]?.id ?? 0;
    await service.messages.delete({ userId, chatId, messageId: question });
    expect(service.generation.has(messageId)).toBe(false);
    const { messages } = await service.chats.get({ userId, chatId });
    expect(messages).toMatchObject([
      { id: messageId, parent_id: null, state: 'cancelled', content: 'Use', siblings: [messageId] },
    ]);
    await service.replies.send({ userId, chatId, content: 'And now?', model: undefined });
  });

  test('tells its live state in whatever shows the chat, and is neither edited nor rated', async () => {
    const name = await streaming();
    const shown = await service.messages.select(name);
    expect(shown.messages.at(-1)).toMatchObject({ id: name.messageId, state: 'streaming' });
    const refused = { code: 'message.being_written' };
    await expect(service.messages.edit({ ...name, body: { content: 'x' } })).rejects.toMatchObject(refused);
    await expect(service.messages.rate({ ...name, body: { rating: 'up' } })).rejects.toMatchObject(refused);
  });
});
