import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ask,
  batchLine,
  cancelReply,
  createChat,
  getChat,
  getDialogue,
  getReply,
  listModels,
  readBatchLines,
  readDialogueTurn,
  readTaskModels,
  replyLogKey,
  startDialogue,
  type BatchLine,
  type Dialogue,
  type EndEvent,
  type Message,
} from '@baton/contracts';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventReader } from '../testing/event-reader.ts';
import { CHAT, reply, sent } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';

let gateway: GatewayHarness;
let token: string;
let redis: Redis;
let writer: ReplyLogWriter;
let id = 1_000;

beforeAll(async () => {
  gateway = await GatewayHarness.start({ STREAMS_PER_USER: '2' });
  token = await gateway.register('asker');
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  writer = new ReplyLogWriter(redis);
});
afterAll(async () => {
  redis.disconnect();
  await gateway.stop();
});
beforeEach(() => {
  id += 10;
});
afterEach(async () => {
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
  gateway.fake.reset();
});

const END: EndEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

async function writeLog(replyId: number, text: string, end: Partial<EndEvent> = {}): Promise<void> {
  const log = writer.open(replyLogKey(replyId));
  log.append({ type: 'text', text });
  log.append({ ...END, ...end });
  await log.close();
}

/** The replies of these ids are done, with these words. */
function answered(byId: Readonly<Record<number, Partial<Message>>>): void {
  gateway.fake.on(getReply, ({ replyId }) =>
    reply(replyId, { state: 'done', finished_at: CHAT.created_at, ...byId[replyId] }),
  );
}

function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

function askedBy(call: string): unknown[] {
  return gateway.fake.asked.filter((asked) => asked.call === call).map(({ request }) => request);
}

describe('POST /api/chat/', () => {
  test.each(['/api/chat/', '/api/chat'])('at %s answers when the whole answer is there', async (path) => {
    gateway.fake.on(ask, () => sent(id));
    answered({ [id]: { content: 'Use a primer.', details: { engine: 'cache' } } });
    const answer = post(path, { message: 'How?', task_type: 'planning' });
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
    await writeLog(id, 'Use a primer.');
    const response = await answer;
    expect(response.status).toBe(200);
    await expect(response.json()).resolves.toEqual({
      response: 'Use a primer.',
      model: 'llama3.2',
      task_type: 'planning',
      duration_ms: expect.any(Number),
      task_id: id,
      routing: null,
      cached: true,
      plan: null,
      sources: [],
      search_query: null,
      usage: null,
    });
    expect(askedBy('ask.begin')).toMatchObject([{ userId: 1, body: { message: 'How?', stream: false } }]);
  });

  test('a pair plans first, and the answer is asked for with the plan', async () => {
    gateway.fake.on(ask, ({ planReplyId }) => sent(planReplyId === undefined ? id : id + 1));
    answered({ [id]: { content: 'A plan.', model: 'thinker' }, [id + 1]: { content: 'An answer.' } });
    await writeLog(id, 'A plan.');
    await writeLog(id + 1, 'An answer.');
    const response = await post('/api/chat/', { message: 'How?', pair: true });
    await expect(response.json()).resolves.toMatchObject({
      response: 'An answer.',
      plan: { model: 'thinker', text: 'A plan.' },
      task_id: id + 1,
    });
    expect(askedBy('ask.begin')).toMatchObject([{ userId: 1 }, { planReplyId: id }]);
  });

  test('a stream is the reply’s events, opened by `sent`; of a pair the plan comes before', async () => {
    gateway.fake.on(ask, ({ planReplyId }) => sent(planReplyId === undefined ? id : id + 1));
    answered({});
    await writeLog(id, 'A plan.');
    await writeLog(id + 1, 'An answer.');
    const reader = new EventReader(await post('/api/chat/', { message: 'How?', pair: true, stream: true }));
    const events = await reader.rest();
    expect(events.map(({ event, id: at }) => [event, at === undefined])).toEqual([
      ['plan', true],
      ['sent', true],
      ['text', false],
      ['end', false],
    ]);
    expect(events[0]?.data).toEqual({ type: 'plan', text: 'A plan.' });
    expect(events[1]?.data).toMatchObject({ reply: { id: id + 1 } });
  });

  test.each([
    ['failed', 'engine.out_of_memory', 503, 'engine.out_of_memory'],
    ['failed', 'search.failed', 502, 'search.failed'],
    ['cancelled', null, 409, 'gpu.job_cancelled'],
  ] as const)('a reply that is %s (%s) is a problem %d', async (state, code, status, problem) => {
    gateway.fake.on(ask, () => sent(id));
    answered({ [id]: { state, error: code === null ? null : { code, say: 'So it is.' } } });
    await writeLog(id, '', { state, code });
    const response = await post('/api/chat/', { message: 'How?' });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    await expect(response.json()).resolves.toMatchObject({ status, code: problem });
  });

  test('a failure in a stream is told by the reply’s own end', async () => {
    gateway.fake.on(ask, () => sent(id));
    answered({ [id]: { state: 'failed', error: { code: 'search.failed', say: 'No.' } } });
    await writeLog(id, '', { state: 'failed', code: 'search.failed' });
    const reader = new EventReader(await post('/api/chat/', { message: 'How?', stream: true }));
    expect((await reader.rest()).at(-1)).toMatchObject({ event: 'end', data: { code: 'search.failed' } });
  });

  test.each([false, true])(
    'who leaves before the end takes the question back (stream: %s)',
    async (stream) => {
      gateway.fake.on(ask, () => sent(id));
      answered({ [id]: { state: 'cancelled' } });
      gateway.fake.on(cancelReply, ({ replyId }) => reply(replyId, { state: 'cancelled' }));
      const client = new AbortController();
      const asked = post('/api/chat/', { message: 'How?', stream }, client.signal).catch(() => undefined);
      await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
      expect(askedBy('reply.cancel')).toEqual([]);
      client.abort();
      await eventually(() => askedBy('reply.cancel').length === 1);
      expect(askedBy('reply.cancel')).toEqual([{ userId: 1, replyId: id }]);
      await asked;
    },
  );

  test('waiting takes a slot as a stream does', async () => {
    gateway.fake.on(ask, () => sent(id));
    answered({});
    const waiting = [1, 2].map(() => post('/api/chat/', { message: 'How?' }));
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 2);
    const third = await post('/api/chat/', { message: 'How?' });
    expect(third.status).toBe(429);
    await writeLog(id, 'Done.');
    for (const one of await Promise.all(waiting)) expect(one.status).toBe(200);
  });

  test('a search is a question with a search, in a chat where one is named', async () => {
    gateway.fake.on(ask, () => sent(id));
    const sources = [{ n: 1, title: 'A', url: 'https://a.example/', snippet: 's' }];
    answered({ [id]: { content: 'So [1].', details: { sources, search_query: 'node' } } });
    await writeLog(id, 'So [1].');
    const response = await post('/api/chat/search', { message: 'News?', chat_id: 7, query: 'node' });
    await expect(response.json()).resolves.toMatchObject({ sources, search_query: 'node' });
    await post('/api/chat/search', { message: 'News?' });
    expect(askedBy('ask.begin')).toMatchObject([
      { body: { session_id: 7, web_search: { query: 'node' } } },
      { body: { web_search: true } },
    ]);
  });
});

describe('sessions and models', () => {
  test('a session is a chat', async () => {
    gateway.fake.on(createChat, ({ chat }) => ({ ...CHAT, id: 5, title: chat.title ?? '' }));
    gateway.fake.on(getChat, () => ({
      chat: { ...CHAT, id: 5 },
      messages: [reply(8)],
      previous_cursor: null,
    }));
    const made = await gateway.ask('/api/chat/session', {
      method: 'POST',
      token,
      json: { title: 'My chat' },
    });
    expect(made).toMatchObject({ status: 201, body: { session_id: 5, title: 'My chat', messages: [] } });
    expect(await gateway.ask('/api/chat/session/5', { token })).toMatchObject({
      status: 200,
      body: { session_id: 5, messages: [{ id: 8 }] },
    });
  });

  test('the models come with their servers and with what they are for', async () => {
    const model = { size_bytes: 1, parameter_size: null, capabilities: ['completion'] };
    gateway.fake.on(listModels, () => ({
      models: [
        { ...model, model: 'coder', is_default: false },
        { ...model, model: 'other', is_default: true },
      ],
      default_model: 'other',
      simulated: false,
    }));
    gateway.fake.on(readTaskModels, () => ({
      models: [{ model: 'coder', server: '2', capabilities: ['coding'], max_concurrent: 1, available: true }],
      tasks: [{ task_type: 'code_generation' as const, model: 'coder', fallback: false }],
      pair: { planning: 'other', generation: 'coder' },
    }));
    expect(await gateway.ask('/api/chat/models', { token })).toMatchObject({
      body: {
        default_model: 'other',
        models: [
          { model: 'coder', server: '2', capabilities: ['completion', 'coding'], max_concurrent: 1 },
          { model: 'other', server: null, available: true },
        ],
        tasks: [{ task_type: 'code_generation', model: 'coder' }],
        pair: { planning: 'other', generation: 'coder' },
      },
    });
  });
});

describe('chats between models', () => {
  function dialogueOf(state: Dialogue['state'], turns: number): Dialogue {
    return {
      chat: { ...CHAT, id: 5, kind: 'models' },
      state,
      turns,
      max_turns: 2,
      participants: [],
      current_reply_id: null,
      error_code: null,
    };
  }

  /** Two turns that are done, and nothing after them. */
  async function twoTurns(): Promise<void> {
    const turns = [reply(id, { chat_id: 5, state: 'done' }), reply(id + 1, { chat_id: 5, state: 'done' })];
    gateway.fake.on(startDialogue, () => dialogueOf('running', 0));
    gateway.fake.on(getDialogue, () => dialogueOf('running', 0));
    gateway.fake.on(readDialogueTurn, ({ after }) => {
      const turn = turns.find((one) => one.id > after) ?? null;
      return { turn, dialogue: dialogueOf(turn === null ? 'done' : 'running', 2) };
    });
    gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { chat_id: 5, state: 'done' }));
    await writeLog(id, 'Of steel.');
    await writeLog(id + 1, 'Of wood.');
  }

  test('one stream carries every turn, each event with its reply, and both ends of the dialogue', async () => {
    await twoTurns();
    const body = { models: ['a', 'b'], initial_message: 'Begin', stream: true };
    const response = await post('/api/chat/multi-model', body);
    expect(response.status).toBe(201);
    const events = await new EventReader(response).rest();
    expect(events.map(({ event }) => event)).toEqual([
      'dialogue',
      ...['turn', 'text', 'end'],
      ...['turn', 'text', 'end'],
      'dialogue',
    ]);
    expect(events[2]?.data).toEqual({ reply_id: id, type: 'text', text: 'Of steel.' });
    expect(events[3]?.id).toBe(`${id}-end`);
    expect(events.at(-1)?.data).toMatchObject({ dialogue: { state: 'done', turns: 2 } });
  });

  test('a reader that comes back gets what is behind its event, and nothing twice', async () => {
    await twoTurns();
    const path = `${gateway.url}/api/chat/multi-model/5/events`;
    const headers = { authorization: `Bearer ${token}` };
    const all = await new EventReader(await fetch(path, { headers })).rest();
    const withId = all.map(({ id: at }, index) => ({ at, index })).filter(({ at }) => at !== undefined);
    expect(withId.length).toBeGreaterThan(5);
    for (const { at, index } of withId) {
      const answer = await fetch(path, { headers: { ...headers, 'last-event-id': at ?? '' } });
      const rest = await new EventReader(answer).rest();
      const missed = all.slice(index + 1).filter(({ event }) => event !== 'dialogue');
      expect(rest.filter(({ event }) => event !== 'dialogue')).toEqual(missed);
    }
  });

  test.each(['12', 'x-1', '12-', '99999999999999999999-1'])('%s is no position', async (lastEventId) => {
    const answer = await gateway.ask('/api/chat/multi-model/5/events', {
      token,
      headers: { 'last-event-id': lastEventId },
    });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'Last-Event-ID' }] } });
  });

  test('a position in a reply of another chat is none', async () => {
    gateway.fake.on(getDialogue, () => dialogueOf('running', 0));
    gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { chat_id: 6 }));
    const headers = { 'last-event-id': '12-0' };
    const answer = await gateway.ask('/api/chat/multi-model/5/events', { token, headers });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  test('leaving does not stop it', async () => {
    gateway.fake.on(getDialogue, () => dialogueOf('running', 0));
    gateway.fake.on(readDialogueTurn, () => ({
      turn: reply(id, { chat_id: 5, state: 'queued' }),
      dialogue: dialogueOf('running', 0),
    }));
    const headers = { authorization: `Bearer ${token}` };
    const reader = new EventReader(await fetch(`${gateway.url}/api/chat/multi-model/5/events`, { headers }));
    await reader.next();
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
    await reader.leave();
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
    expect(gateway.fake.asked.map(({ call }) => call)).not.toContain('reply.cancel');
  });
});

describe('batches', () => {
  test('results are lines of JSON, read page by page', async () => {
    const lines = Array.from({ length: 250 }, (_, index): BatchLine => ({
      index,
      custom_id: `item-${index}`,
      state: 'done',
      response: 'line\nbreak',
      model: 'm',
      usage: null,
      error: null,
    }));
    gateway.fake.on(readBatchLines, ({ after, limit }) => {
      const page = lines.slice(after + 1, after + 1 + limit);
      return { lines: page, isLast: page.at(-1)?.index === 249 };
    });
    const response = await fetch(`${gateway.url}/api/chat/batch/5/results`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const text = await response.text();
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => batchLine.parse(JSON.parse(line))),
    ).toEqual(lines);
    expect(askedBy('batch.lines')).toHaveLength(3);
  });
});
