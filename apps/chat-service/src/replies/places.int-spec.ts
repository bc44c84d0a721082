import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isFinalState, type AnswerOptions, type Message, type MessageDetails } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { ScriptedOllama, eventually, startRedis, type Script } from '@baton/testing';
import type { Instance } from '../places/instances.ts';
import { ChatProcess, engineModel, type ChatProcessOptions } from '../testing/chat-process.ts';
import { openTestDatabase, type TestDatabase } from '../testing/databases.ts';

const ANNA = 1;

function answering(text: string): Script {
  return (answer) => {
    answer.text(text);
    answer.done(1);
  };
}
const hang: Script = (answer) => answer.text('Use');

describe('servers elsewhere', () => {
  let database: TestDatabase;
  let redisUrl: string;
  /** Of the GPU node, and two with a GPU of their own. */
  let main: ScriptedOllama;
  let one: ScriptedOllama;
  let two: ScriptedOllama;
  let gpu: FakeGpu;
  let service: ChatProcess | undefined;

  beforeAll(async () => {
    [database, { url: redisUrl }] = await Promise.all([openTestDatabase('sqlite'), startRedis()]);
  });
  afterAll(() => database.close());

  beforeEach(async () => {
    [main, one, two] = await Promise.all([
      ScriptedOllama.start(),
      ScriptedOllama.start(),
      ScriptedOllama.start(),
    ]);
    gpu = new FakeGpu(main.url);
    main.play(answering('from the GPU node'));
    one.play(answering('from one'));
    two.play(answering('from two'));
  });
  afterEach(async () => {
    await service?.shutDown();
    await Promise.allSettled([main.close(), one.close(), two.close()]);
  });

  function instance(server: string, { url }: ScriptedOllama, over: Partial<Instance> = {}): Instance {
    return { server, url, maxConcurrent: 1, profiles: [], ...over };
  }

  async function start(over: Partial<ChatProcessOptions> = {}): Promise<ChatProcess> {
    service = await ChatProcess.start({ source: database.source, redisUrl, gpu, ...over });
    return service;
  }

  async function ask(chat: ChatProcess, model: string, options: AnswerOptions = {}): Promise<number> {
    const { id: chatId } = await chat.chats.create({ userId: ANNA, chat: {} });
    const { reply } = await chat.replies.send({ userId: ANNA, chatId, content: 'Well?', model, options });
    return reply.id;
  }

  function ended(chat: ChatProcess, replyId: number): Promise<Message> {
    return eventually(async () => {
      const reply = await chat.replies.get(ANNA, replyId);
      return isFinalState(reply.state) ? reply : null;
    });
  }

  test('a model that only another server has is answered there, without the GPU', async () => {
    one.installed = [{ name: 'phi3:latest' }];
    const chat = await start({ instances: [instance('1', one)] });
    const reply = await ended(chat, await ask(chat, 'phi3'));
    expect(reply).toMatchObject({
      state: 'done',
      content: 'from one',
      model: 'phi3:latest',
      timeline: [{ lane: { engine: 'ollama', model: 'phi3:latest' }, swap: null }],
      details: { engine: 'ollama', instance: '1', stop_reason: 'stop', timings: { answer_ms: 0 } },
    });
    expect(gpu.jobIds).toEqual([]);
    expect(one.asked[0]?.headers).not.toHaveProperty('x-baton-lease');
  });

  test('a reply that comes before the servers were looked at waits for that, and costs no GPU', async () => {
    one.installed = [{ name: 'phi3:latest' }];
    const told = Promise.withResolvers<undefined>();
    one.tellsAfter = told.promise;
    const chat = await start({ instances: [instance('1', one)], isHasty: true });
    const [replyId, stopped] = [await ask(chat, 'phi3'), await ask(chat, 'phi3')];
    expect(chat.places.find('1')?.view().state).toBe('checking');
    await expect(chat.replies.cancel(ANNA, stopped)).resolves.toMatchObject({ state: 'cancelled' });
    told.resolve(undefined);
    await expect(ended(chat, replyId)).resolves.toMatchObject({ content: 'from one' });
    expect(gpu.jobIds).toEqual([]);
  });

  test('the server that has the model in memory is asked, and the list names each model once', async () => {
    one.installed = [{ name: 'gpt-oss:20b' }];
    two.installed = [{ name: 'gpt-oss:20b' }];
    two.loaded = ['gpt-oss:20b'];
    const chat = await start({ instances: [instance('1', one), instance('2', two)] });
    await expect(ended(chat, await ask(chat, 'gpt-oss:20b'))).resolves.toMatchObject({ content: 'from two' });
    const { models } = await chat.models.list();
    expect(models.map(({ model }) => model)).toEqual(['gpt-oss:20b']);
  });

  test('answers beyond what a server takes at a time wait, are told their place, and can be stopped', async () => {
    one.installed = [{ name: 'phi3:latest' }];
    one.play(hang);
    const chat = await start({ instances: [instance('1', one)] });
    const first = await ask(chat, 'phi3');
    await eventually(() => one.asked.length === 1);
    const second = await ask(chat, 'phi3');
    await eventually(() => chat.places.find('1')?.view().waiting === 1);
    const stopped = await chat.replies.cancel(ANNA, second);
    expect(stopped).toMatchObject({ state: 'cancelled', content: '', timeline: [] });
    const events = await chat.events(second);
    expect(events).toContainEqual(expect.objectContaining({ state: 'queued', position: 1 }));
    const all = await chat.replies.cancelAll(ANNA);
    expect(all.map(({ id, state }) => [id, state])).toEqual([[first, 'cancelled']]);
    expect(chat.places.find('1')?.view()).toMatchObject({ running: 0, waiting: 0 });
  });

  describe('what goes wrong there has its own code', () => {
    test.each<[string, Script, string, string, number]>([
      ['a connection that is cut', (answer) => answer.response.destroy(), 'engine.unavailable', '', 3],
      [
        'an end without the last line',
        (answer) => (answer.text('Use'), answer.response.end()),
        'engine.truncated',
        'Use',
        1,
      ],
      [
        'an error in the middle',
        (answer) => {
          answer.text('Use');
          answer.line({ error: 'EOF' });
        },
        'engine.failed',
        'Use',
        1,
      ],
      ['a model that is gone', (answer) => answer.refuse(404, "model 'x' not found"), 'model.unknown', '', 1],
      [
        'too little memory',
        (answer) => answer.refuse(500, 'CUDA error: out of memory'),
        'engine.out_of_memory',
        '',
        1,
      ],
    ])('%s', async (_, script, code, content, attempts) => {
      one.installed = [{ name: 'phi3:latest' }];
      one.play(script);
      const chat = await start({ instances: [instance('1', one)] });
      const reply = await ended(chat, await ask(chat, 'phi3'));
      expect(reply).toMatchObject({ state: 'failed', content, error: { code, say: expect.any(String) } });
      expect(one.asked).toHaveLength(attempts);
      expect(reply.details?.failures).toEqual(Array(attempts).fill({ code, instance: '1' }));
    });
  });

  test('when a server fails again and again, another one that has the model answers, and says so', async () => {
    one.installed = two.installed = [{ name: 'phi3:latest' }];
    one.loaded = ['phi3:latest'];
    one.play((answer) => answer.refuse(500, 'model runner has unexpectedly stopped'));
    const chat = await start({ instances: [instance('1', one), instance('2', two)] });
    const replyId = await ask(chat, 'phi3');
    const reply = await ended(chat, replyId);
    const failure = { code: 'engine.failed', instance: '1' };
    const routing = { asked: 'phi3:latest', answered: 'phi3:latest', because: 'instance_down' };
    expect(reply).toMatchObject({
      state: 'done',
      content: 'from two',
      details: { instance: '2', failures: [failure, failure, failure], routing },
    });
    expect(await chat.events(replyId)).toContainEqual({ type: 'routed', routing });
    expect(chat.places.find('1')?.view().breaker).toBe('open');
    await expect(ended(chat, await ask(chat, 'phi3'))).resolves.toMatchObject({ content: 'from two' });
    expect(one.asked).toHaveLength(3);
  });

  test('what lasts at the GPU node is not tried there again where another server has the model', async () => {
    one.installed = [{ name: 'gpt-oss:20b' }];
    gpu.pause();
    const chat = await start({ instances: [instance('1', one, { maxConcurrent: 1 })] });
    one.play(hang);
    const busy = await ask(chat, 'gpt-oss:20b');
    await eventually(() => one.asked.length === 1);
    const replyId = await ask(chat, 'gpt-oss:20b');
    await eventually(() => gpu.isWaiting(`reply-${replyId}-1`));
    one.play(answering('from one'));
    gpu.refuse(`reply-${replyId}-1`, 'gpu.overloaded');
    await chat.replies.cancel(ANNA, busy);
    await expect(ended(chat, replyId)).resolves.toMatchObject({
      content: 'from one',
      details: { failures: [{ code: 'gpu.overloaded', instance: 'main' }], instance: '1' },
    });
  });

  test('a server that is gone is noticed, left out, and taken in again when it is back', async () => {
    one.installed = [{ name: 'phi3:latest' }];
    const chat = await start({ instances: [instance('1', one)] });
    const place = chat.places.find('1');
    expect(place?.view()).toMatchObject({ state: 'up', models: [{ model: 'phi3:latest', loaded: false }] });
    one.isAway = true;
    await eventually(() => place?.view().state === 'down');
    expect(place?.view().error_code).toBe('engine.unavailable');
    expect(place?.view().models).toHaveLength(1);
    one.isAway = false;
    await eventually(() => place?.view().state === 'up');
    await expect(ended(chat, await ask(chat, 'phi3'))).resolves.toMatchObject({ content: 'from one' });
  });

  test('a kind of work goes to the model that is meant for it, and the reader is told', async () => {
    one.installed = [{ name: 'qwen3-coder:30b' }];
    const profiles = [{ model: 'qwen3-coder:30b', capabilities: ['coding'] }] as const;
    const chat = await start({ instances: [instance('1', one, { profiles })] });
    const { id: chatId } = await chat.chats.create({ userId: ANNA, chat: { model: 'gpt-oss:20b' } });
    const options = { task_type: 'code_generation' } as const;
    const sent = await chat.replies.send({ userId: ANNA, chatId, content: 'Sort this', options });
    const routing = { asked: 'code_generation', answered: 'qwen3-coder:30b', because: 'task_type' };
    await expect(ended(chat, sent.reply.id)).resolves.toMatchObject({
      content: 'from one',
      model: 'qwen3-coder:30b',
      details: { routing },
    });
    expect(await chat.events(sent.reply.id)).toContainEqual({ type: 'routed', routing });
    await expect(chat.chats.get({ userId: ANNA, chatId })).resolves.toMatchObject({
      chat: { model: 'gpt-oss:20b' },
    });
  });

  describe('a reply that waits for the GPU and is sent elsewhere', () => {
    async function waiting(): Promise<{ chat: ChatProcess; replyId: number }> {
      one.installed = [{ name: 'phi3:latest' }];
      gpu.pause();
      const chat = await start({ instances: [instance('1', one)] });
      const replyId = await ask(chat, 'gpt-oss:20b');
      await eventually(() => gpu.isWaiting(`reply-${replyId}-1`));
      return { chat, replyId };
    }

    test('gives its job back and is answered there, under its own id and log', async () => {
      const { chat, replyId } = await waiting();
      expect(chat.generation.moveTo(replyId, '1')).toBe(true);
      const reply = await ended(chat, replyId);
      expect(reply).toMatchObject({
        content: 'from one',
        model: 'phi3:latest',
        details: { instance: '1', routing: { asked: 'gpt-oss:20b', answered: 'phi3:latest' } },
      });
      expect(reply.details).not.toHaveProperty('failures');
      await eventually(() => !gpu.isWaiting(`reply-${replyId}-1`));
      expect((await chat.events(replyId)).filter(({ type }) => type === 'end')).toHaveLength(1);
    });

    test('stays where it is once something of it was shown, and is not found when it has ended', async () => {
      const { chat, replyId } = await waiting();
      main.play(hang);
      gpu.grantAll();
      await eventually(async () => (await chat.replies.get(ANNA, replyId)).state === 'streaming');
      expect(chat.generation.moveTo(replyId, '1')).toBe(false);
      await chat.replies.cancel(ANNA, replyId);
      expect(chat.generation.moveTo(replyId, '1')).toBe(false);
    });

    test('can be stopped there as anywhere', async () => {
      const { chat, replyId } = await waiting();
      one.play(() => undefined);
      chat.generation.moveTo(replyId, '1');
      await eventually(() => one.asked.length === 1);
      const { state, details } = await chat.replies.cancel(ANNA, replyId);
      expect(state).toBe('cancelled');
      expect(details?.receipt).toMatchObject({ idle_ms: expect.any(Number), returned_ms: null });
    });
  });

  describe('the receipt of a Stop', () => {
    async function receiptOf(chat: ChatProcess, replyId: number): Promise<MessageDetails['receipt']> {
      return (await chat.replies.cancel(ANNA, replyId)).details?.receipt;
    }

    test('says how soon the engine was left, and how much of the GPU’s time came back', async () => {
      main.play(hang);
      const chat = await start();
      const replyId = await ask(chat, 'gpt-oss:20b');
      await eventually(async () => (await chat.replies.get(ANNA, replyId)).state === 'streaming');
      const receipt = await receiptOf(chat, replyId);
      expect(receipt?.idle_ms).toBeLessThan(1_000);
      expect(receipt?.returned_ms).toBeGreaterThan(0);
      expect(receipt?.returned_ms).toBeLessThanOrEqual(8_000);
    });

    test('of a reply that waited is the whole answer that is not made', async () => {
      gpu.pause();
      const chat = await start();
      const replyId = await ask(chat, 'gpt-oss:20b');
      await eventually(() => gpu.isWaiting(`reply-${replyId}-1`));
      await expect(receiptOf(chat, replyId)).resolves.toMatchObject({ returned_ms: 8_000 });
    });
  });

  test('an engine with models of its own needs none of the GPU node’s', async () => {
    one.installed = [{ name: 'llava:13b', capabilities: ['completion', 'vision'] }];
    const chat = await start({ models: [engineModel('gpt-oss:20b')], instances: [instance('1', one)] });
    expect(chat.models.can('llava:13b', 'vision')).toBe(true);
    expect(chat.models.can('gpt-oss:20b', 'vision')).toBe(false);
    expect(chat.models.can('unheard-of', 'vision')).toBeNull();
  });
});
