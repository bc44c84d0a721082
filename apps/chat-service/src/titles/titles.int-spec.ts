import { isFinalState, type Message } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { systemClock, type Clock } from '@baton/kernel';
import { Metrics } from '@baton/platform';
import { ScriptedOllama, eventually, startRedis, type Script } from '@baton/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnswerPlace, SeatRequest, ServerView } from '../places/answer-place.ts';
import type { EngineRequest } from '../engines/chat-engine.ts';
import { ChatProcess, engineModel, type ChatProcessOptions } from '../testing/chat-process.ts';
import { openTestDatabase, quietLog, type TestDatabase } from '../testing/databases.ts';
import { TitlesService } from './titles.service.ts';

const ANNA = 1;
const REPLIES = { contextLength: 2_048, keepAlive: -1, firstTokenMs: 600_000, stallMs: 600_000 };
/** Minutes of waiting for a place pass in a moment. */
const hurriedClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 1_000, run) };
const patientClock: Clock = systemClock;

/** Answers what it is asked, and a request for a title with one. */
const script: Script = (answer, asked) => {
  const isTitle = JSON.stringify(asked.body).includes('You name conversations');
  answer.text(isTitle ? '«Покраска забора».\nBecause…' : 'Use a primer.');
  answer.done(3);
};

/** A CPU engine that says one thing at once. */
class QuickCpu implements AnswerPlace {
  readonly server = 'local';
  readonly kind = 'cpu';
  readonly engineName = 'local';
  readonly asked: { readonly seat: SeatRequest; readonly question: EngineRequest }[] = [];
  private seat: SeatRequest | null = null;

  readonly engine = {
    stream: (question: EngineRequest) => this.answer(question),
  };

  view(): ServerView {
    return {
      id: this.server,
      place: this.kind,
      url: null,
      state: 'up' as const,
      breaker: 'closed' as const,
      checked_at: null,
      error_code: null,
      simulated: false,
      capabilities: [],
      default_model: 'tiny',
      max_concurrent: 1,
      running: 0,
      waiting: 0,
      models: [],
      isListCertain: true,
    };
  }

  look(): Promise<void> {
    return Promise.resolve();
  }

  use<T>(seat: SeatRequest, work: Parameters<AnswerPlace['use']>[1]): Promise<T> {
    this.seat = seat;
    return work({
      door: { url: '', headers: {}, signal: seat.signal },
      timeline: { queuedMs: 0, swap: null },
      heard: () => undefined,
      causeOf: (error) => Promise.resolve(error),
    }) as Promise<T>;
  }

  private async *answer(question: EngineRequest) {
    if (this.seat !== null) this.asked.push({ seat: this.seat, question });
    yield { type: 'text' as const, text: 'Забор и краска' };
    const usage = { prompt_tokens: 10, completion_tokens: 3 };
    const timings = { load_ms: null, prompt_ms: null, answer_ms: null };
    yield { type: 'end' as const, reason: 'stop' as const, usage, timings };
  }
}

describe('titles of new chats', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let gpu: FakeGpu;
  let service: ChatProcess;
  let titles: TitlesService;
  let metrics: Metrics;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));

  async function start(
    options: { clock?: Clock; isEnabled?: boolean } & Partial<ChatProcessOptions> = {},
  ): Promise<void> {
    const { clock = patientClock, isEnabled = true, ...over } = options;
    const usual = { models: [engineModel('gpt-oss:20b')] };
    service = await ChatProcess.start({ source: database.source, redisUrl, gpu, ...usual, ...over });
    const { images: chats, exchanges, places, models, endings } = service;
    const parts = [chats, exchanges, places, models, endings] as const;
    metrics = new Metrics('test');
    titles = new TitlesService(...parts, { isEnabled }, REPLIES, clock, quietLog, metrics);
    titles.onModuleInit();
  }

  beforeEach(() => {
    gpu = new FakeGpu(ollama.url);
    ollama.play(script);
    ollama.asked.length = 0;
  });
  afterEach(async () => {
    await titles.onModuleDestroy();
    await service.shutDown();
  });

  async function newChat(title?: string): Promise<number> {
    const chat = { model: 'gpt-oss:20b', ...(title === undefined ? {} : { title }) };
    return (await service.chats.create({ userId: ANNA, chat })).id;
  }

  async function answerIn(chatId: number): Promise<Message> {
    const content = 'Как мне покрасить забор, чтобы он простоял десять лет и не облез?';
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content });
    return eventually(async () => {
      const now = await service.replies.get(ANNA, reply.id);
      return isFinalState(now.state) ? now : null;
    });
  }

  async function titleOf(chatId: number): Promise<string> {
    return (await service.images.get(ANNA, chatId)).chat.title;
  }

  async function outcomes(outcome: string): Promise<number> {
    const found = await metrics.registry.getSingleMetric('baton_chat_titles_total')?.get();
    return found?.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
  }

  test('are made by the model that has just answered, as a chore on its lane', async () => {
    await start();
    const chatId = await newChat();
    const reply = await answerIn(chatId);
    await eventually(async () => (await titleOf(chatId)) === 'Покраска забора');
    expect(gpu.jobIds).toEqual([`reply-${reply.id}-1`, `title-${reply.id}-1`]);
    expect(gpu.urgencies.get(`title-${reply.id}-1`)).toBe('chore');
    expect(ollama.asked.at(-1)?.body).toMatchObject({
      model: 'gpt-oss:20b',
      // What loads a model is as in the answer: another number would load it again.
      options: { num_ctx: 2_048, num_predict: 40 },
      keep_alive: -1,
    });
  });

  test('leave room for the thoughts of a model that cannot do without', async () => {
    await start({ models: [engineModel('gpt-oss:20b', ['completion', 'thinking'])] });
    const chatId = await newChat();
    await answerIn(chatId);
    await eventually(async () => (await titleOf(chatId)) === 'Покраска забора');
    expect(ollama.asked.at(-1)?.body).toMatchObject({ think: 'low', options: { num_predict: 340 } });
  });

  test('are made elsewhere when the GPU has no time, by a loaded model that can talk', async () => {
    const elsewhere = await ScriptedOllama.start();
    elsewhere.installed = [
      { name: 'nomic-embed-text:latest', capabilities: ['embedding'] },
      { name: 'phi3:latest', capabilities: ['completion'] },
      { name: 'qwen3:8b', capabilities: ['completion'] },
    ];
    elsewhere.loaded = ['nomic-embed-text:latest', 'qwen3:8b'];
    elsewhere.play(script);
    const instance = { server: '1', url: elsewhere.url, maxConcurrent: 1, profiles: [] };
    await start({ clock: hurriedClock, instances: [instance] });
    const chatId = await newChat();
    gpu.pause();
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content: 'Как покрасить забор?' });
    await eventually(() => gpu.isWaiting(`reply-${reply.id}-1`));
    gpu.grant(`reply-${reply.id}-1`);
    await eventually(async () => (await titleOf(chatId)) === 'Покраска забора');
    expect(elsewhere.asked.map(({ body }) => body['model'])).toEqual(['qwen3:8b']);
    await elsewhere.close();
  });

  test('stay as they are when nobody has time for the chore, and its place is given back', async () => {
    await start({ clock: hurriedClock });
    const chatId = await newChat();
    gpu.pause();
    const content = 'How do I paint a fence?';
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content });
    await eventually(() => gpu.isWaiting(`reply-${reply.id}-1`));
    gpu.grant(`reply-${reply.id}-1`);
    const chore = `title-${reply.id}-1`;
    await eventually(() => gpu.jobIds.includes(chore));
    await eventually(() => !gpu.isWaiting(chore));
    await eventually(async () => (await outcomes('none')) === 1);
    expect(await titleOf(chatId)).toBe(content);
    expect(ollama.asked).toHaveLength(1);
  });

  test('are made by the CPU engine when the GPU has no time', async () => {
    const local = new QuickCpu();
    await start({ clock: hurriedClock, local });
    const chatId = await newChat();
    gpu.pause();
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content: 'Как покрасить забор?' });
    await eventually(() => gpu.isWaiting(`reply-${reply.id}-1`));
    gpu.grant(`reply-${reply.id}-1`);
    await eventually(async () => (await titleOf(chatId)) === 'Забор и краска');
    expect(local.asked).toMatchObject([
      { seat: { urgency: 'chore' }, question: { model: 'tiny', maxTokens: 40 } },
    ]);
  });

  test('never take the place of a title that somebody chose, before or meanwhile', async () => {
    await start();
    const mine = await newChat('Mine');
    await answerIn(mine);
    const renamed = await newChat();
    const held = Promise.withResolvers<() => void>();
    ollama.play(script, (answer, asked) => held.resolve(() => script(answer, asked)));
    await answerIn(renamed);
    const finish = await held.promise;
    await service.chats.update({ userId: ANNA, chatId: renamed, changes: { title: 'Mine too' } });
    finish();
    await eventually(async () => (await outcomes('none')) === 1);
    expect(await titleOf(mine)).toBe('Mine');
    expect(await titleOf(renamed)).toBe('Mine too');
  });

  test('are given once: the next answer makes none', async () => {
    await start();
    const chatId = await newChat();
    await answerIn(chatId);
    await eventually(async () => (await titleOf(chatId)) === 'Покраска забора');
    await answerIn(chatId);
    await answerIn(await newChat('Mine'));
    await titles.onModuleDestroy();
    expect(gpu.jobIds.filter((id) => id.startsWith('title-'))).toHaveLength(1);
  });

  test('fail no chat when the model fails at them', async () => {
    await start();
    ollama.play(script, (answer) => answer.refuse(500, 'out of memory'));
    const chatId = await newChat();
    const reply = await answerIn(chatId);
    await eventually(async () => (await outcomes('none')) === 1);
    expect(await service.replies.get(ANNA, reply.id)).toMatchObject({
      state: 'done',
      content: 'Use a primer.',
    });
    expect(await titleOf(chatId)).toMatch(/^Как мне покрасить/);
  });

  test('can be switched off', async () => {
    await start({ isEnabled: false });
    await answerIn(await newChat());
    await titles.onModuleDestroy();
    expect(gpu.jobIds).toHaveLength(1);
  });
});
