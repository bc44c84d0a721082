import { isFinalState, type AnswerOptions, type Message, type UpdateChatBody } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { systemClock } from '@baton/kernel';
import { Metrics, RedisConnections } from '@baton/platform';
import { ScriptedOllama, eventually, startPrivateRedis, startRedis, type Script } from '@baton/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ChatProcess, engineModel } from '../testing/chat-process.ts';
import { openTestDatabase, quietLog, type TestDatabase } from '../testing/databases.ts';
import type { CacheSettings } from '../tokens.ts';
import { AnswerCache } from './answer-cache.service.ts';
import { AnswersStore } from './answers.store.ts';

const ANNA = 1;
const BORIS = 2;
const SETTINGS: CacheSettings = { isEnabled: true, isShared: false, ttlSeconds: 3_600 };

const answerPrimer: Script = (answer) => {
  for (const piece of ['Use ', 'a ', 'primer.']) answer.text(piece);
  answer.done(3);
};

describe('the response cache', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let gpu: FakeGpu;
  let connections: RedisConnections;
  let service: ChatProcess;
  let metrics: Metrics;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));

  async function start(settings: CacheSettings = SETTINGS, cacheUrl = redisUrl): Promise<void> {
    connections = new RedisConnections(cacheUrl, quietLog);
    await connections.shared.ping();
    let cache: AnswerCache | null = null;
    const models = ['gpt-oss:20b', 'llama3:latest'].map((name) => engineModel(name));
    service = await ChatProcess.start({
      ...{ source: database.source, redisUrl, gpu, models },
      answeredBefore: { find: (task, prompt) => cache?.find(task, prompt) ?? null },
    });
    metrics = new Metrics('test');
    const store = new AnswersStore(connections, systemClock);
    cache = new AnswerCache(store, service.endings, service.places, settings, metrics);
    cache.onModuleInit();
  }

  beforeEach(async () => {
    const redis = new Redis(redisUrl);
    await redis.flushdb();
    await redis.quit();
    gpu = new FakeGpu(ollama.url);
    ollama.play(answerPrimer);
  });
  afterEach(async () => {
    await service.shutDown();
    await connections.onApplicationShutdown();
  });

  interface Question {
    readonly userId?: number;
    readonly content?: string;
    readonly options?: AnswerOptions;
    readonly chat?: UpdateChatBody;
  }

  async function answerTo(question: Question = {}): Promise<Message> {
    const { userId = ANNA, content = 'How do I paint a fence?', options = {}, chat = {} } = question;
    const { id: chatId } = await service.chats.create({ userId, chat: { model: 'gpt-oss:20b' } });
    if (Object.keys(chat).length > 0) await service.chats.update({ userId, chatId, changes: chat });
    const { reply } = await service.replies.send({ userId, chatId, content, options });
    return ended(reply.id, userId);
  }

  function ended(replyId: number, userId = ANNA): Promise<Message> {
    return eventually(async () => {
      const reply = await service.replies.get(userId, replyId);
      return isFinalState(reply.state) ? reply : null;
    });
  }

  async function counted(outcome: string): Promise<number> {
    const found = await metrics.registry.getSingleMetric('baton_answer_cache_total')?.get();
    return found?.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
  }

  async function tokensOfEngines(): Promise<number[]> {
    const found = await service.metrics.registry.getSingleMetric('baton_reply_tokens_total')?.get();
    return found?.values.map(({ value }) => value) ?? [];
  }

  /** What is kept is kept after the end was told. */
  const stored = (times = 1) => eventually(async () => (await counted('stored')) === times);

  test('gives the same answer again without a GPU, says so, and streams it through the log', async () => {
    await start();
    const first = await answerTo();
    await stored();
    const read = await tokensOfEngines();
    const again = await answerTo();
    expect(again).toMatchObject({
      state: 'done',
      content: first.content,
      usage: first.usage,
      timeline: [],
      details: { engine: 'cache', instance: 'main', stop_reason: 'stop' },
    });
    expect(gpu.jobIds).toHaveLength(1);
    const events = await service.events(again.id);
    const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
    expect(text).toBe('Use a primer.');
    expect(events.at(-1)).toMatchObject({ type: 'end', state: 'done', details: { engine: 'cache' } });
    expect(await counted('hit')).toBe(1);
    expect(await counted('miss')).toBe(1);
    // No engine has read or written anything.
    expect(await tokensOfEngines()).toEqual(read);
  });

  test.each<[string, Question]>([
    ['another user', { userId: BORIS }],
    ['another question', { content: 'How do I paint a wall?' }],
    ['another model', { chat: { model: 'llama3:latest' } }],
    ['another temperature', { chat: { temperature: 0.1 } }],
    ['another system prompt', { chat: { system_prompt: 'Be brief.' } }],
    ['a format', { options: { format: 'json' } }],
    ['the wish for none from the cache', { options: { use_cache: false } }],
    ['the wish for the GPU', { options: { engine: 'gpu' } }],
    ['a web search', { options: { web_search: true } }],
    ['an answer by a plan', { options: { plan_reply_id: 1 } }],
  ])('is not asked, or has nothing, for %s', async (_, question) => {
    await start();
    await answerTo();
    await stored();
    expect((await answerTo(question)).details?.engine).toBe('ollama');
    expect(gpu.jobIds).toHaveLength(2);
  });

  test('gives an answer to others only where that is allowed', async () => {
    await start({ ...SETTINGS, isShared: true });
    await answerTo();
    await stored();
    expect((await answerTo({ userId: BORIS })).details?.engine).toBe('cache');
  });

  test('is passed over when an answer is wanted again', async () => {
    await start();
    const first = await answerTo();
    await stored();
    const again = await service.replies.regenerate({
      userId: ANNA,
      chatId: first.chat_id,
      messageId: first.id,
    });
    expect((await ended(again.id)).details?.engine).toBe('ollama');
  });

  test.each<[string, Script]>([
    [
      'was cut by its length',
      (answer) => {
        answer.text('Use a');
        answer.done(2, 'length');
      },
    ],
    [
      'broke off',
      (answer) => {
        answer.text('Use a');
        answer.response.end();
      },
    ],
  ])('keeps no answer that %s', async (_, script) => {
    await start();
    ollama.play(script);
    await answerTo();
    ollama.play(answerPrimer);
    const next = await answerTo();
    expect(next).toMatchObject({ content: 'Use a primer.', details: { engine: 'ollama' } });
  });

  test('keeps no answer that was stopped', async () => {
    await start();
    ollama.play((answer) => answer.text('Use'));
    const { id: chatId } = await service.chats.create({ userId: ANNA, chat: { model: 'gpt-oss:20b' } });
    const content = 'How do I paint a fence?';
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content });
    for await (const event of service.follow(reply.id)) if (event.type === 'text') break;
    await service.replies.cancel(ANNA, reply.id);
    ollama.play(answerPrimer);
    expect((await answerTo()).details?.engine).toBe('ollama');
  });

  test('keeps nothing of the question in Redis but a hash, and that not for ever', async () => {
    await start();
    await answerTo({ content: 'My secret is 4711.' });
    await stored();
    const redis = new Redis(redisUrl);
    const [key, ...others] = await redis.keys('chat-answer:*');
    expect(others).toEqual([]);
    expect(`${key ?? ''} ${(await redis.get(key ?? '')) ?? ''}`).not.toContain('4711');
    expect(await redis.ttl(key ?? '')).toBeGreaterThan(3_500);
    await redis.quit();
  });

  test('keeps no answer that is longer than it takes', async () => {
    await start();
    ollama.play((answer) => {
      answer.text('x'.repeat(300_000));
      answer.done(3);
    });
    await answerTo();
    await eventually(async () => (await counted('not_stored')) === 1);
    expect(await counted('stored')).toBe(0);
  });

  test('switched off asks and keeps nothing', async () => {
    await start({ ...SETTINGS, isEnabled: false });
    await answerTo();
    expect((await answerTo()).details?.engine).toBe('ollama');
    expect(gpu.jobIds).toHaveLength(2);
  });

  test('whose Redis is away is as if it were empty', async () => {
    const own = await startPrivateRedis();
    await start(SETTINGS, own.url);
    await answerTo();
    await stored();
    await own.kill();
    await eventually(() => connections.shared.status !== 'ready');
    expect(await answerTo()).toMatchObject({ state: 'done', details: { engine: 'ollama' } });
    expect(await counted('away')).toBe(1);
    await own.remove();
  });
});
