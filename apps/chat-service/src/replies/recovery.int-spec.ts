import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isFinalState, replyLogKey, type EndEvent, type Message } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { ScriptedOllama, eventually, startPrivateRedis, startRedis } from '@baton/testing';
import { ChatProcess } from '../testing/chat-process.ts';
import { openTestDatabase, type TestDatabase } from '../testing/databases.ts';

const ANNA = 1;

const DONE: EndEvent = {
  type: 'end',
  state: 'done',
  code: null,
  say: null,
  timeline: [],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
};

/** What a reply had come to when its process died. */
interface Left {
  readonly thinking?: string;
  readonly text?: string;
  readonly end?: EndEvent;
}

describe('after the death of chat-service', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let before: ChatProcess;
  let gpuBefore: FakeGpu;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));

  beforeEach(async () => {
    ollama.play((answer) => {
      answer.text('Yes.');
      answer.done(1);
    });
    gpuBefore = new FakeGpu(ollama.url);
    gpuBefore.pause();
    before = await ChatProcess.start({ source: database.source, redisUrl, gpu: gpuBefore });
  });

  async function ask(service: ChatProcess): Promise<{ chatId: number; replyId: number }> {
    const { id: chatId } = await service.chats.create({ userId: ANNA, chat: { model: 'gpt-oss:20b' } });
    const { reply } = await service.replies.send({
      userId: ANNA,
      chatId,
      content: 'Well?',
      model: undefined,
    });
    return { chatId, replyId: reply.id };
  }

  /** Puts a reply into the state in which a death at some moment leaves it. */
  async function leaveBehind(logged: Left) {
    const asked = await ask(before);
    await eventually(async () => (await before.logs.read(replyLogKey(asked.replyId))) !== '');
    await before.kill();
    const writer = await ChatProcess.start({ source: database.source, redisUrl, gpu: gpuBefore });
    const log = await writer.logs.resume(replyLogKey(asked.replyId));
    if (logged.thinking !== undefined) log.append({ type: 'thinking', text: logged.thinking });
    if (logged.text !== undefined) log.append({ type: 'text', text: logged.text });
    if (logged.end !== undefined) log.append(logged.end);
    await log.flush();
    await writer.kill();
    return asked;
  }

  /** The next process, when it has taken up everything. */
  async function restarted<T>(work: (service: ChatProcess, gpu: FakeGpu) => Promise<T>): Promise<T> {
    const gpu = new FakeGpu(ollama.url);
    const service = await ChatProcess.start({ source: database.source, redisUrl, gpu });
    service.recovery.onApplicationBootstrap();
    await service.recovery.done();
    try {
      return await work(service, gpu);
    } finally {
      await service.shutDown();
    }
  }

  function ended(service: ChatProcess, replyId: number): Promise<Message> {
    return eventually(async () => {
      const reply = await service.replies.get(ANNA, replyId);
      return isFinalState(reply.state) ? reply : null;
    });
  }

  function texts(events: readonly { type: string; text?: string }[]): string {
    return events.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join('');
  }

  test('a reply that waited is answered, by the job it had', async () => {
    const { replyId } = await leaveBehind({});
    await restarted(async (service, gpu) => {
      await expect(ended(service, replyId)).resolves.toMatchObject({ state: 'done', content: 'Yes.' });
      expect(gpu.jobIds).toContain(`reply-${replyId}-1`);
      expect(texts(await service.events(replyId))).toBe('Yes.');
    });
  });

  test('a reply that had begun ends as interrupted, with its text, and its readers are told', async () => {
    const { replyId } = await leaveBehind({ text: 'Use a prim' });
    await restarted(async (service, gpu) => {
      await expect(service.replies.get(ANNA, replyId)).resolves.toMatchObject({
        state: 'failed',
        content: 'Use a prim',
        error: { code: 'reply.interrupted', say: expect.any(String) },
      });
      expect((await service.events(replyId)).at(-1)).toMatchObject({
        type: 'end',
        code: 'reply.interrupted',
      });
      expect(gpu.jobIds).toEqual([]);
    });
  });

  test('a reply that was still being thought about ends as interrupted, and keeps the thinking', async () => {
    const { replyId } = await leaveBehind({ thinking: 'Let me' });
    await restarted(async (service, gpu) => {
      await expect(service.replies.get(ANNA, replyId)).resolves.toMatchObject({
        state: 'failed',
        content: '',
        thinking: 'Let me',
        error: { code: 'reply.interrupted' },
      });
      expect(gpu.jobIds).toEqual([]);
    });
  });

  test('a reply whose log has an end gets that end', async () => {
    const { replyId } = await leaveBehind({ text: 'Yes!', end: DONE });
    await restarted(async (service) => {
      await expect(service.replies.get(ANNA, replyId)).resolves.toMatchObject({
        state: 'done',
        content: 'Yes!',
        usage: DONE.usage,
      });
      expect((await service.events(replyId)).filter(({ type }) => type === 'end')).toHaveLength(1);
    });
  });

  test('a log whose message has an end gets it too, so that no reader waits for ever', async () => {
    const { replyId } = await leaveBehind({ text: 'Yes!' });
    const writer = await ChatProcess.start({ source: database.source, redisUrl, gpu: gpuBefore });
    const end = { state: 'done', error: null, timeline: [], usage: DONE.usage, content: 'Yes!' } as const;
    await writer.exchanges.finish(replyId, end);
    await writer.kill();
    await restarted(async (service) => {
      expect((await service.events(replyId)).at(-1)).toMatchObject(DONE);
    });
  });

  test('a reply of a chat that was deleted meanwhile ends as cancelled', async () => {
    const { chatId, replyId } = await leaveBehind({});
    const writer = await ChatProcess.start({ source: database.source, redisUrl, gpu: gpuBefore });
    await writer.images.delete(ANNA, chatId);
    await writer.kill();
    await restarted(async (service, gpu) => {
      expect((await service.events(replyId)).at(-1)).toMatchObject({ type: 'end', state: 'cancelled' });
      expect(gpu.jobIds).toEqual([]);
    });
  });

  test('images are left to image-service', async () => {
    const { id: chatId } = await before.chats.create({ userId: ANNA, chat: {} });
    const { reply } = await before.images.addImageMessages({
      userId: ANNA,
      chatId,
      description: 'a fence at dusk',
    });
    await before.kill();
    await restarted(async (service) => {
      await expect(service.replies.get(ANNA, reply.id)).resolves.toMatchObject({ state: 'queued' });
    });
  });

  test('a Stop that comes before a reply was taken up stops it', async () => {
    const { replyId } = await leaveBehind({});
    const gpu = new FakeGpu(ollama.url);
    gpu.pause();
    const service = await ChatProcess.start({ source: database.source, redisUrl, gpu });
    service.recovery.onApplicationBootstrap();
    await expect(service.replies.cancel(ANNA, replyId)).resolves.toMatchObject({ state: 'cancelled' });
    await service.shutDown();
  });

  test('an orderly stop ends what was begun and leaves what waits', async () => {
    const waiting = await ask(before);
    const begun = await ask(before);
    ollama.play((answer) => answer.text('Use'));
    await eventually(() => gpuBefore.isWaiting(`reply-${begun.replyId}-1`));
    gpuBefore.grant(`reply-${begun.replyId}-1`);
    await eventually(async () => (await before.replies.get(ANNA, begun.replyId)).state === 'streaming');
    await before.shutDown();
    ollama.play((answer) => {
      answer.text('Yes.');
      answer.done(1);
    });
    await restarted(async (service) => {
      await expect(service.replies.get(ANNA, begun.replyId)).resolves.toMatchObject({
        state: 'failed',
        content: 'Use',
        error: { code: 'reply.interrupted' },
      });
      await expect(ended(service, waiting.replyId)).resolves.toMatchObject({ state: 'done' });
    });
  });

  test('while Redis is away messages are taken in, and their logs are complete when it is back', async () => {
    await before.kill();
    const redis = await startPrivateRedis();
    const gpu = new FakeGpu(ollama.url);
    const service = await ChatProcess.start({ source: database.source, redisUrl: redis.url, gpu });
    await redis.kill();
    const { replyId } = await ask(service);
    await expect(ended(service, replyId)).resolves.toMatchObject({ state: 'done', content: 'Yes.' });
    await redis.start();
    expect(texts(await service.events(replyId))).toBe('Yes.');
    await eventually(async () => {
      await service.connected();
      return true;
    });
    await service.shutDown();
    await redis.remove();
  });
});
