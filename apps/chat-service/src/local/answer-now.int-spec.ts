import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFinalState, type Message } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { systemClock } from '@baton/kernel';
import { ScriptedOllama, eventually, startRedis, writeTinyGguf } from '@baton/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ChatProcess, engineModel } from '../testing/chat-process.ts';
import { openTestDatabase, quietLog, type TestDatabase } from '../testing/databases.ts';
import { AnswerNowService } from './answer-now.service.ts';
import { LocalPlace } from './local-place.ts';

const ANNA = 1;
const BORIS = 2;
const STORY = ['Сразу', ' на', ' процессоре', '.'];
/** A busy machine takes its time to start a process. */
const STARTING_MS = 50_000;
const SETTINGS = { contextLength: 512, threads: 1, idleMs: 60_000, maxConcurrent: 1 };

describe('an answer by the CPU for a reply that waits for the GPU', () => {
  let folder: string;
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let gpu: FakeGpu;
  let local: LocalPlace;
  /** Starting the engine's process takes most of a test's time: one for each model serves all of them. */
  const places = new Map<string | null, LocalPlace>();
  let service: ChatProcess;
  let answers: AnswerNowService;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'baton-now-'));
    await writeTinyGguf(join(folder, 'tiny.gguf'), { story: STORY });
    await writeTinyGguf(join(folder, 'endless.gguf'), { story: STORY, ends: false, width: 128 });
    await writeFile(join(folder, 'broken.gguf'), 'GGUF, but only in its first four letters');
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
    ollama.play((answer) => {
      answer.text('On the GPU.');
      answer.done(3);
    });
  });
  afterAll(async () => {
    await Promise.all([...places.values()].map((place) => place.onApplicationShutdown()));
    await Promise.all([database.close(), ollama.close()]);
    await rm(folder, { recursive: true });
  });

  async function start(model: string | null): Promise<void> {
    const modelPath = model === null ? null : join(folder, model);
    local = places.get(model) ?? new LocalPlace({ ...SETTINGS, modelPath }, systemClock, quietLog);
    places.set(model, local);
    const models = [engineModel('gpt-oss:20b')];
    service = await ChatProcess.start({ source: database.source, redisUrl, gpu, models, local });
    answers = new AnswerNowService(service.replies, service.generation, service.recovery, local);
  }

  beforeEach(() => {
    gpu = new FakeGpu(ollama.url);
    gpu.pause();
  });
  afterEach(async () => {
    await service.shutDown();
  });

  async function ask(options: object = {}): Promise<{ readonly chatId: number; readonly id: number }> {
    const { id: chatId } = await service.chats.create({ userId: ANNA, chat: { model: 'gpt-oss:20b' } });
    const content = 'Как покрасить забор?';
    const { reply } = await service.replies.send({ userId: ANNA, chatId, content, options });
    return { chatId, id: reply.id };
  }

  async function waiting(options: object = {}): Promise<{ readonly chatId: number; readonly id: number }> {
    const asked = await ask(options);
    await eventually(() => gpu.isWaiting(`reply-${asked.id}-1`));
    return asked;
  }

  function ended(replyId: number): Promise<Message> {
    return eventually(
      async () => {
        const reply = await service.replies.get(ANNA, replyId);
        return isFinalState(reply.state) ? reply : null;
      },
      { timeoutMs: STARTING_MS },
    );
  }

  test('comes under the same id and log, gives the place in the queue back, and says who answered', async () => {
    await start('tiny.gguf');
    const { id } = await waiting();
    await answers.move(ANNA, id);
    const reply = await ended(id);
    expect(reply).toMatchObject({
      id,
      state: 'done',
      content: STORY.join(''),
      details: {
        engine: 'local',
        instance: 'local',
        stop_reason: 'stop',
        routing: { asked: 'gpt-oss:20b', answered: 'tiny', because: 'answered_on_cpu' },
      },
    });
    expect(reply.timeline).toMatchObject([{ lane: { engine: 'local', model: 'tiny' }, swap: null }]);
    expect(reply.usage?.completion_tokens).toBeGreaterThanOrEqual(STORY.length);
    await eventually(() => !gpu.isWaiting(`reply-${id}-1`));
    const events = await service.events(id);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['routed', 'text', 'end']));
    expect(events.at(-1)).toMatchObject({ type: 'end', state: 'done' });
    expect(gpu.jobIds).toEqual([`reply-${id}-1`]);
  });

  test('can be had again on the GPU, beside it', async () => {
    await start('tiny.gguf');
    const { chatId, id } = await waiting();
    await answers.move(ANNA, id);
    await ended(id);
    gpu.grantAll();
    const again = await service.replies.regenerate({ userId: ANNA, chatId, messageId: id, engine: 'gpu' });
    await expect(ended(again.id)).resolves.toMatchObject({
      content: 'On the GPU.',
      model: 'gpt-oss:20b',
      details: { engine: 'ollama', instance: 'main' },
    });
    await expect(service.replies.get(ANNA, id)).resolves.toMatchObject({ content: STORY.join('') });
  });

  test('is told what was left out of a chat that is too long for the CPU', async () => {
    await start('tiny.gguf');
    gpu.grantAll();
    const { chatId, id } = await ask();
    await ended(id);
    const long = await service.replies.send({ userId: ANNA, chatId, content: 'x '.repeat(600) });
    await ended(long.reply.id);
    const content = 'Как покрасить забор?';
    const { reply } = await service.replies.send({
      userId: ANNA,
      chatId,
      content,
      options: { engine: 'local' },
    });
    await expect(ended(reply.id)).resolves.toMatchObject({
      state: 'done',
      details: { engine: 'local', truncation: { left_out: expect.any(Number), context_tokens: 512 } },
    });
  });

  test('can be asked for from the beginning, and asks for no GPU', async () => {
    await start('tiny.gguf');
    const { id } = await ask({ engine: 'local' });
    await expect(ended(id)).resolves.toMatchObject({ content: STORY.join(''), details: { engine: 'local' } });
    expect(gpu.jobIds).toEqual([]);
  });

  test('stops when it is told to, in its middle, and the next one is answered', async () => {
    await start('endless.gguf');
    const { id } = await ask({ engine: 'local' });
    for await (const event of service.follow(id)) if (event.type === 'text') break;
    const stopped = await service.replies.cancel(ANNA, id);
    expect(stopped).toMatchObject({
      state: 'cancelled',
      details: { receipt: { idle_ms: expect.any(Number) } },
    });
    expect(stopped.content).toMatch(/^Сразу/);
    const next = await ask({ engine: 'local' });
    await expect(ended(next.id)).resolves.toMatchObject({
      state: 'done',
      details: { stop_reason: 'length' },
    });
  });

  test('waits for its turn when the CPU is busy, and says so', async () => {
    await start('endless.gguf');
    const first = await ask({ engine: 'local' });
    for await (const event of service.follow(first.id)) if (event.type === 'text') break;
    const second = await ask({ engine: 'local' });
    await eventually(() => local.view().waiting === 1);
    expect(local.view()).toMatchObject({ running: 1, waiting: 1, models: [{ loaded: true }] });
    const queued = await eventually(async () => {
      for await (const event of service.follow(second.id)) {
        if (event.type === 'state' && event.state === 'queued' && event.position === 1) return event;
      }
      return null;
    });
    expect(queued.reason?.code).toBe('ahead_in_queue');
    await Promise.all([ended(first.id), ended(second.id)]);
    expect(local.view()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('is refused with its reason, and the reply waits on', async () => {
    await start('tiny.gguf');
    const { id } = await waiting();
    await expect(answers.move(BORIS, id)).rejects.toMatchObject({ code: 'reply.not_found' });
    gpu.grantAll();
    await ended(id);
    await expect(answers.move(ANNA, id)).rejects.toMatchObject({ code: 'reply.not_waiting' });
  });

  test('that has been moved already is not moved again', async () => {
    await start('endless.gguf');
    const busy = await ask({ engine: 'local' });
    for await (const event of service.follow(busy.id)) if (event.type === 'text') break;
    const { id } = await waiting();
    await answers.move(ANNA, id);
    await eventually(() => local.view().waiting === 1);
    await expect(answers.move(ANNA, id)).rejects.toMatchObject({ code: 'reply.not_waiting' });
    await Promise.all([service.replies.cancel(ANNA, busy.id), service.replies.cancel(ANNA, id)]);
  });

  test.each([
    [null, 'local.not_set_up'],
    ['missing.gguf', 'local.model_unreadable'],
    ['broken.gguf', 'local.model_unreadable'],
  ])(
    'is refused with the CPU model %s by `%s`, in the list of servers as well, and the reply waits on',
    async (model, code) => {
      await start(model);
      expect(local.view()).toMatchObject({
        id: 'local',
        place: 'cpu',
        state: 'down',
        error_code: code,
        models: [],
      });
      const { id } = await waiting();
      await expect(answers.move(ANNA, id)).rejects.toMatchObject({ code });
      expect(gpu.isWaiting(`reply-${id}-1`)).toBe(true);
      gpu.grantAll();
      await expect(ended(id)).resolves.toMatchObject({ content: 'On the GPU.' });
    },
  );

  test('is listed with what its file holds', async () => {
    await start('tiny.gguf');
    expect(local.view()).toMatchObject({
      state: 'up',
      error_code: null,
      default_model: 'tiny',
      max_concurrent: 1,
      models: [
        {
          model: 'tiny',
          quantization: 'ALL_F32',
          context_length: 512,
          capabilities: ['completion'],
          loaded: expect.any(Boolean),
          parameter_size: expect.stringMatching(/^\d+K$/),
        },
      ],
    });
  });
});
