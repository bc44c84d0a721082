import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { INTERNAL_HEADERS, isFinalState, type AnswerOptions, type Message } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError } from '@baton/kernel';
import { ScriptedOllama, eventually, startRedis, type Script } from '@baton/testing';
import { ChatProcess, engineModel, type ChatProcessOptions } from '../testing/chat-process.ts';
import { openTestDatabase, type TestDatabase } from '../testing/databases.ts';
import type { AnsweredBefore, AnswerTurn, BeforeAnswer, EndedAnswer } from './answer-hooks.ts';

const ANNA = 1;
const THINKER = engineModel('qwen3:8b', ['completion', 'thinking']);
const SEER = engineModel('llava:13b', ['completion', 'vision']);
const PLAIN = engineModel('gpt-oss:20b');

const thinks: Script = (answer) => {
  answer.line({ message: { role: 'assistant', content: '', thinking: 'Let me ' }, done: false });
  answer.line({ message: { role: 'assistant', content: '', thinking: 'see.' }, done: false });
  answer.text('Yes.');
  answer.done(4);
};
const says =
  (text: string): Script =>
  (answer) => {
    answer.text(text);
    answer.done(1);
  };

describe('answers', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let ollama: ScriptedOllama;
  let gpu: FakeGpu;
  let service: ChatProcess | undefined;

  beforeAll(async () => {
    [database, { url: redisUrl }, ollama] = await Promise.all([
      openTestDatabase('sqlite'),
      startRedis(),
      ScriptedOllama.start(),
    ]);
  });
  afterAll(() => Promise.all([database.close(), ollama.close()]));
  beforeEach(() => {
    gpu = new FakeGpu(ollama.url);
    ollama.play(says('Yes.'));
  });
  afterEach(() => service?.shutDown());

  async function start(over: Partial<ChatProcessOptions> = {}): Promise<ChatProcess> {
    const models = [PLAIN, THINKER, SEER];
    service = await ChatProcess.start({ source: database.source, redisUrl, gpu, models, ...over });
    return service;
  }

  interface Question {
    readonly model?: string;
    readonly options?: AnswerOptions;
    readonly chatId?: number;
  }
  async function ask(
    chat: ChatProcess,
    { model = 'gpt-oss:20b', options, chatId }: Question,
  ): Promise<number> {
    const id = chatId ?? (await chat.chats.create({ userId: ANNA, chat: {} })).id;
    const send = { userId: ANNA, chatId: id, content: 'Well?', model, options };
    return (await chat.replies.send(send)).reply.id;
  }
  function ended(chat: ChatProcess, replyId: number): Promise<Message> {
    return eventually(async () => {
      const reply = await chat.replies.get(ANNA, replyId);
      return isFinalState(reply.state) ? reply : null;
    });
  }

  describe('of a model that thinks', () => {
    test('keep the thinking apart, in the log and in the message, and the next question is not told it', async () => {
      ollama.play(thinks);
      const chat = await start();
      const replyId = await ask(chat, { model: 'qwen3:8b', options: { think: true } });
      const reply = await ended(chat, replyId);
      expect(reply).toMatchObject({
        content: 'Yes.',
        thinking: 'Let me see.',
        details: { think: true, thought_ms: expect.any(Number) },
      });
      const events = await chat.events(replyId);
      expect(events.map(({ type }) => type).join(' ')).toMatch(/thinking thinking text end$/);
      expect(ollama.asked[0]?.body['think']).toBe(true);
      await ended(chat, await ask(chat, { model: 'qwen3:8b', chatId: reply.chat_id }));
      expect(ollama.asked[1]?.body).not.toHaveProperty('think');
      expect(ollama.asked[1]?.body['messages']).toEqual([
        { role: 'user', content: 'Well?' },
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: 'Well?' },
      ]);
    });

    test('are not tried again once thinking was shown, and keep it', async () => {
      ollama.play((answer) => {
        answer.line({ message: { role: 'assistant', content: '', thinking: 'Let me' }, done: false });
        answer.response.end();
      });
      const chat = await start();
      const reply = await ended(chat, await ask(chat, { model: 'qwen3:8b' }));
      expect(reply).toMatchObject({ state: 'failed', content: '', thinking: 'Let me' });
      expect(ollama.asked).toHaveLength(1);
    });

    test('cannot be had of one that cannot, which is said with the names of those that can', async () => {
      const chat = await start();
      await expect(ask(chat, { options: { think: 'high' } })).rejects.toMatchObject({
        code: 'model.no_thinking',
        issues: [{ path: 'model', message: 'choose one of: qwen3:8b' }],
      });
      await ended(chat, await ask(chat, { options: { think: false } }));
      expect(ollama.asked[0]?.body).not.toHaveProperty('think');
    });
  });

  describe('in a format', () => {
    const format = { type: 'object', properties: { name: { type: 'string' } } };

    test('are asked for in it', async () => {
      ollama.play(says('{"name":"Anna"}'));
      const chat = await start();
      await expect(ended(chat, await ask(chat, { options: { format } }))).resolves.toMatchObject({
        state: 'done',
        content: '{"name":"Anna"}',
        details: { format: 'schema' },
      });
      expect(ollama.asked[0]?.body['format']).toEqual(format);
    });

    test('have failed when they are no JSON in the end, and are kept', async () => {
      ollama.play(says('{"name":'));
      const chat = await start();
      await expect(ended(chat, await ask(chat, { options: { format: 'json' } }))).resolves.toMatchObject({
        state: 'failed',
        content: '{"name":',
        error: { code: 'reply.not_json' },
        details: { format: 'json' },
      });
      expect(ollama.asked).toHaveLength(1);
    });
  });

  describe('about pictures', () => {
    let images: Server;
    const asked: unknown[] = [];

    beforeEach(async () => {
      asked.length = 0;
      images = createServer((request, response) => {
        const { url, headers } = request;
        asked.push([url, headers[INTERNAL_HEADERS.userId], headers[INTERNAL_HEADERS.secret]]);
        const isThere = url === '/internal/images/7/model';
        response.writeHead(isThere ? 200 : 404, { 'content-type': 'image/jpeg' }).end(isThere ? 'JPEG' : '');
      });
      images.listen(0, '127.0.0.1');
      await once(images, 'listening');
    });
    afterEach(async () => {
      images.closeAllConnections();
      images.close();
      await once(images, 'close');
    });

    function withPictures(ids: number[], over: Partial<ChatProcessOptions> = {}): Promise<ChatProcess> {
      const { port } = images.address() as AddressInfo;
      return start({ pictures: { url: `http://127.0.0.1:${port}`, ids }, ...over });
    }

    test('are made by a model that sees them, and the question keeps them', async () => {
      const chat = await withPictures([7]);
      const replyId = await ask(chat, { model: 'llava:13b', options: { image_ids: [7] } });
      const { chat_id: chatId } = await ended(chat, replyId);
      expect(ollama.asked[0]?.body['messages']).toEqual([
        { role: 'user', content: 'Well?', images: [Buffer.from('JPEG').toString('base64')] },
      ]);
      expect(asked).toEqual([['/internal/images/7/model', '1', 'secret']]);
      const { messages } = await chat.chats.get({ userId: ANNA, chatId });
      expect(messages[0]?.attachments).toEqual([{ image_id: 7, width: 64, height: 64 }]);
    });

    test('go on without them when a model that cannot see is asked next', async () => {
      const chat = await withPictures([7]);
      const first = await ended(chat, await ask(chat, { model: 'llava:13b', options: { image_ids: [7] } }));
      await ended(chat, await ask(chat, { chatId: first.chat_id }));
      expect(JSON.stringify(ollama.asked[1]?.body['messages'])).not.toContain('images');
    });

    test('are refused where the model cannot see, and for pictures of others', async () => {
      const chat = await withPictures([7]);
      await expect(ask(chat, { options: { image_ids: [7] } })).rejects.toMatchObject({
        code: 'model.no_vision',
        issues: [{ path: 'model', message: 'choose one of: llava:13b' }],
      });
      const foreign = ask(chat, { model: 'llava:13b', options: { image_ids: [8] } });
      await expect(foreign).rejects.toMatchObject({ code: 'image.not_found' });
    });

    test('are stopped at once while a picture is still being fetched', async () => {
      const chat = await withPictures([7]);
      images.removeAllListeners('request');
      const fetched = once(images, 'request');
      const replyId = await ask(chat, { model: 'llava:13b', options: { image_ids: [7] } });
      await fetched;
      await expect(chat.replies.cancel(ANNA, replyId)).resolves.toMatchObject({ state: 'cancelled' });
      expect(ollama.asked).toEqual([]);
      // Much less than the picture may take.
    }, 8_000);

    test('are looked for among earlier ones and made from one and the same reading of the chat', async () => {
      const looked: unknown[] = [];
      const answeredBefore: AnsweredBefore = {
        find: async (_, prompt) => {
          looked.push(await prompt());
          return null;
        },
      };
      const chat = await withPictures([7], { answeredBefore });
      await ended(chat, await ask(chat, { model: 'llava:13b', options: { image_ids: [7] } }));
      expect(looked).toEqual([ollama.asked[0]?.body['messages']]);
      expect(asked).toHaveLength(1);
    });

    test('fail when the picture is gone before its turn', async () => {
      const chat = await withPictures([7, 8]);
      const replyId = await ask(chat, { model: 'llava:13b', options: { image_ids: [8] } });
      await expect(ended(chat, replyId)).resolves.toMatchObject({ error: { code: 'image.not_found' } });
    });
  });

  describe('that something comes before', () => {
    /** Asks the model for a word and adds it to the question. */
    function preparing(prepare: (turn: AnswerTurn) => Promise<void>): BeforeAnswer {
      return { isFor: ({ options }) => options.web_search === true, prepare };
    }
    const search = preparing(async (turn) => {
      turn.tell({ type: 'state', state: 'searching' });
      const query = await turn.ask({ messages: [{ role: 'user', content: 'A query?' }], maxTokens: 9 });
      const sources = [{ n: 1, title: 'T', url: 'https://example.org/', snippet: 'S' }];
      turn.tell({ type: 'sources', query, sources });
      turn.note({ sources, search_query: query });
      turn.addSystem('Cite.');
      turn.addMaterial('[1] S');
    });

    test('are made with it, in the same turn on the GPU', async () => {
      ollama.play(says('fence paint'), says('Use a primer [1].'));
      const chat = await start({ before: search });
      const replyId = await ask(chat, { options: { web_search: true } });
      await expect(ended(chat, replyId)).resolves.toMatchObject({
        content: 'Use a primer [1].',
        details: { search_query: 'fence paint', sources: [{ n: 1 }] },
      });
      expect(gpu.jobIds).toHaveLength(1);
      expect(ollama.asked[0]?.body['options']).toMatchObject({ num_predict: 9 });
      expect(ollama.asked[1]?.body['messages']).toEqual([
        { role: 'system', content: 'Cite.' },
        { role: 'user', content: '[1] S' },
        { role: 'user', content: 'Well?' },
      ]);
      const told = (await chat.events(replyId)).map((event) =>
        event.type === 'state' ? event.state : event.type,
      );
      expect(told.join(' ')).toMatch(/^queued searching sources (loading )?streaming text end$/);
    });

    test('fail with it, and are not made', async () => {
      const chat = await start({ before: preparing(() => Promise.reject(new AppError('search.failed'))) });
      const reply = await ended(chat, await ask(chat, { options: { web_search: true } }));
      expect(reply).toMatchObject({ state: 'failed', error: { code: 'search.failed' } });
      expect(ollama.asked).toHaveLength(0);
    });

    test('are made without it where nobody asked for it', async () => {
      const chat = await start({ before: search });
      await ended(chat, await ask(chat, {}));
      expect(ollama.asked).toHaveLength(1);
    });
  });

  test('that are there already take no turn at all', async () => {
    const ready = {
      text: 'As before.',
      thinking: '',
      usage: null,
      details: { engine: 'cache' as const },
    };
    const chat = await start({ answeredBefore: { find: () => Promise.resolve(ready) } });
    const replyId = await ask(chat, {});
    await expect(ended(chat, replyId)).resolves.toMatchObject({
      state: 'done',
      content: 'As before.',
      timeline: [],
      details: { engine: 'cache' },
    });
    expect(gpu.jobIds).toEqual([]);
  });

  test.each<[string, AnsweredBefore['find']]>([
    ['fails', () => Promise.reject(new Error('no Redis'))],
    ['finds nothing', () => Promise.resolve(null)],
  ])('are made when the search among earlier ones %s', async (_, find) => {
    const chat = await start({ answeredBefore: { find } });
    await expect(ended(chat, await ask(chat, {}))).resolves.toMatchObject({ state: 'done', content: 'Yes.' });
  });

  test('are stopped at once while they are looked for among earlier ones', async () => {
    const chat = await start({ answeredBefore: { find: () => new Promise(() => undefined) } });
    const replyId = await ask(chat, {});
    await expect(chat.replies.cancel(ANNA, replyId)).resolves.toMatchObject({
      state: 'cancelled',
      timeline: [],
      details: { receipt: { idle_ms: 0 } },
    });
    expect(gpu.jobIds).toEqual([]);
  });

  test('that are still looked for among earlier ones when the process ends ask for no GPU any more', async () => {
    const found = Promise.withResolvers<null>();
    const chat = await start({ answeredBefore: { find: () => found.promise } });
    const replyId = await ask(chat, {});
    await chat.generation.onModuleDestroy();
    found.resolve(null);
    await chat.generation.ended(replyId);
    expect(gpu.jobIds).toEqual([]);
    await expect(chat.replies.get(ANNA, replyId)).resolves.toMatchObject({ state: 'queued' });
  });

  test('are told to whoever wants to know of their end, also when that one fails at it', async () => {
    const chat = await start();
    const heard: EndedAnswer[] = [];
    chat.endings.onEnd(() => Promise.reject(new Error('no time')));
    chat.endings.onEnd((end) => heard.push(end));
    const replyId = await ask(chat, {});
    await ended(chat, replyId);
    await eventually(() => heard.length === 1);
    expect(heard[0]).toMatchObject({
      task: { replyId },
      end: { state: 'done' },
      text: 'Yes.',
      prompt: [{ role: 'user', content: 'Well?' }],
    });
  });

  test('are as urgent as they were asked for', async () => {
    gpu.pause();
    const chat = await start();
    const replyId = await ask(chat, { options: { urgency: 'background' } });
    await eventually(() => gpu.isWaiting(`reply-${replyId}-1`));
    expect(gpu.request(`reply-${replyId}-1`).job.urgency).toBe('background');
  });

  test('measure what the engine took, without the wait', async () => {
    ollama.play((answer) => {
      answer.text('Yes.');
      answer.line({
        ...{ message: { content: '' }, done: true, done_reason: 'length', eval_count: 1 },
        ...{ load_duration: 2_000_000, prompt_eval_duration: 3_400_000, eval_duration: 50_000_000 },
      });
      answer.response.end();
    });
    const chat = await start();
    const reply = await ended(chat, await ask(chat, {}));
    expect(reply.details).toMatchObject({
      stop_reason: 'length',
      timings: { load_ms: 2, prompt_ms: 3, answer_ms: 50 },
      engine: 'ollama',
      instance: 'main',
    });
    const [row] = await database.source.query<{ answer_ms: number }[]>(
      `SELECT answer_ms FROM chat_messages WHERE id = ${reply.id}`,
    );
    const [held] = reply.timeline;
    expect(row?.answer_ms).toBe((held?.total_ms ?? 0) - (held?.queued_ms ?? 0));
  });
});
