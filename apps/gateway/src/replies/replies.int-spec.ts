import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  answerNow,
  cancelChatImages,
  cancelImage,
  cancelReplies,
  cancelReply,
  generateImage,
  getReply,
  replyLogKey,
  replyLogKeys,
  sendMessage,
  type EndEvent,
  type ReplyEvent,
} from '@baton/contracts';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventStreams } from '../sse/event-streams.service.ts';
import { EventReader } from '../testing/event-reader.ts';
import { reply, sent } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';

let gateway: GatewayHarness;
let token: string;
let redis: Redis;
let writer: ReplyLogWriter;
let nextId = 100;
let id: number;

beforeAll(async () => {
  gateway = await GatewayHarness.start({ STREAMS_PER_USER: '3' });
  token = await gateway.register('reader');
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  writer = new ReplyLogWriter(redis);
});
afterAll(async () => {
  redis.disconnect();
  await gateway.stop();
});
beforeEach(() => {
  id = nextId;
  nextId += 10;
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: 'streaming' }));
});
afterEach(async () => {
  await eventually(() => {
    expect(gateway.app.get(EventStreams).openCount).toBe(0);
    expect(gateway.app.get(ReplyLogReader).followerCount).toBe(0);
    return true;
  });
  gateway.fake.reset();
});

async function events(path: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const response = await fetch(`${gateway.url}${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  return new EventReader(response);
}

const END: EndEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

/** A finished log: `words` as text events, each written by itself, then the end. */
async function writeLog(...words: string[]): Promise<void> {
  const log = writer.open(replyLogKey(id));
  for (const text of words) {
    log.append({ type: 'text', text });
    await log.flush();
  }
  log.append(END);
  await log.close();
}

describe('following a reply', () => {
  test('a reader that takes its time gets every byte of a long answer', async () => {
    const reader = await events(`/api/replies/${id}/events`);
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
    const words = Array.from({ length: 300 }, (_, index) => `${index} `.padEnd(4_000, 'слово '));
    await writeLog(...words);
    const all = await reader.rest();
    const text = all.flatMap(({ data }) => (data as { text?: string }).text ?? []).join('');
    expect(text).toBe(words.join(''));
  });

  test('a reader gets what was written before and what comes, each with its position, until the end', async () => {
    const log = writer.open(replyLogKey(id));
    log.append({ type: 'state', state: 'streaming' });
    log.append({ type: 'text', text: 'Привет\n' });
    await log.flush();
    const reader = await events(`/api/replies/${id}/events`);
    expect(await reader.next()).toMatchObject({ event: 'state', data: { state: 'streaming' } });
    expect(await reader.next()).toEqual({
      id: String(log.offset),
      event: 'text',
      data: { type: 'text', text: 'Привет\n' },
    });
    log.append({ type: 'text', text: 'мир' });
    log.append(END);
    await log.close();
    const rest = await reader.rest();
    expect(rest.map(({ event }) => event)).toEqual(['text', 'end']);
    expect(rest.at(-1)?.id).toBe(String(log.offset));
  });

  test('a log that does not exist yet is waited for, and two readers get the same', async () => {
    const readers = [await events(`/api/replies/${id}/events`), await events(`/api/replies/${id}/events`)];
    await writeLog('one', 'two');
    const [a, b] = await Promise.all(readers.map((reader) => reader.rest()));
    expect(a).toEqual(b);
    expect(a?.map(({ event }) => event).at(-1)).toBe('end');
  });

  test('whoever comes back with the id of any event gets exactly what follows it', async () => {
    await writeLog('a', 'бб', '🎨', 'd');
    const all = await (await events(`/api/replies/${id}/events`)).rest();
    expect(all).toHaveLength(5);
    for (const [index, { id: at }] of all.slice(0, -1).entries()) {
      const byHeader = await (
        await events(`/api/replies/${id}/events`, { 'last-event-id': String(at) })
      ).rest();
      const byQuery = await (await events(`/api/replies/${id}/events?after=${at}`)).rest();
      expect(byHeader).toEqual(all.slice(index + 1));
      expect(byQuery).toEqual(byHeader);
    }
  });

  test('the header counts when a browser comes back to an address with a position in it', async () => {
    await writeLog('a', 'b');
    const [first] = await (await events(`/api/replies/${id}/events`)).rest();
    const rest = await (
      await events(`/api/replies/${id}/events?after=0`, { 'last-event-id': first?.id ?? '' })
    ).rest();
    expect(rest.map(({ event }) => event)).toEqual(['text', 'end']);
  });

  test.each(['abc', '-1', '1e3', '99999999999999999999', '3', '100000'])(
    'the position %s, which is no event’s, is refused by name',
    async (position) => {
      await writeLog('some text');
      const answer = await gateway.ask(`/api/replies/${id}/events`, {
        token,
        headers: { 'last-event-id': position },
      });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'request.invalid', errors: [{ field: 'Last-Event-ID' }] },
      });
    },
  );

  test('a wrong position in the query is refused by name', async () => {
    const answer = await gateway.ask(`/api/replies/${id}/events?after=x`, { token });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'after' }] } });
  });

  test('when the log has expired the finished message is sent whole', async () => {
    gateway.fake.on(getReply, ({ replyId }) =>
      reply(replyId, {
        state: 'failed',
        content: 'half an ans',
        error: { code: 'engine.truncated', say: 'The answer ended before it was complete.' },
        attachments: [{ image_id: 7, width: 64, height: 64 }],
      }),
    );
    for (const headers of [{}, { 'last-event-id': '512' }]) {
      const all = await (await events(`/api/replies/${id}/events`, headers)).rest();
      expect(all).toEqual([
        { id: undefined, event: 'reset', data: { type: 'reset', text: 'half an ans' } },
        { id: undefined, event: 'image', data: { type: 'image', image_id: 7, width: 64, height: 64 } },
        {
          id: undefined,
          event: 'end',
          data: {
            type: 'end',
            state: 'failed',
            code: 'engine.truncated',
            say: 'The answer ended before it was complete.',
            timeline: [],
            usage: null,
            details: null,
          },
        },
      ]);
    }
  });

  test('a finished message without a log comes with its thinking, where it went and what it rests on', async () => {
    const source = { n: 1, title: 'Fences', url: 'https://example.org/fences', snippet: 'Prime first.' };
    const routing = { asked: 'reasoning', answered: 'llama3.2', because: 'task_type' as const };
    const details = { routing, sources: [source], search_query: 'paint a fence', thought_ms: 1_200 };
    gateway.fake.on(getReply, ({ replyId }) =>
      reply(replyId, { state: 'done', content: 'Prime it [1].', thinking: 'Wood or metal?', details }),
    );
    const all = await (await events(`/api/replies/${id}/events`)).rest();
    expect(all.map(({ data }) => data)).toEqual([
      { type: 'reset', text: 'Prime it [1].', thinking: 'Wood or metal?' },
      { type: 'routed', routing },
      { type: 'sources', query: 'paint a fence', sources: [source] },
      { ...END, details },
    ]);
  });

  test('everything that can stand in a log arrives as it was written', async () => {
    const written: ReplyEvent[] = [
      { type: 'routed', routing: { asked: 'a', answered: 'b', because: 'instance_down' } },
      { type: 'state', state: 'searching' },
      {
        type: 'sources',
        query: 'q',
        sources: [{ n: 1, title: 't', url: 'https://example.org/', snippet: '' }],
      },
      { type: 'state', state: 'streaming' },
      { type: 'thinking', text: 'hm\u2028' },
      { type: 'text', text: '🎨\r\n' },
      { ...END, details: { engine: 'local', receipt: { idle_ms: 12, returned_ms: null } } },
    ];
    const log = writer.open(replyLogKey(id));
    for (const event of written) log.append(event);
    await log.close();
    const all = await (await events(`/api/replies/${id}/events`)).rest();
    expect(all.map(({ data }) => data)).toEqual(written);
  });

  test('a reader whose unfinished log was lost begins anew', async () => {
    const reader = await events(`/api/replies/${id}/events`, { 'last-event-id': '40' });
    expect(await reader.next()).toMatchObject({ id: '0', event: 'reset', data: { text: '' } });
    await writeLog('again');
    expect((await reader.rest()).map(({ event }) => event)).toEqual(['text', 'end']);
  });

  test('a client that leaves costs nothing afterwards', async () => {
    const reader = await events(`/api/replies/${id}/events`);
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
    await reader.leave();
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
    expect(gateway.app.get(EventStreams).openCount).toBe(0);
  });

  test('one user may not hold more streams than the limit', async () => {
    const readers = [];
    for (let count = 0; count < 3; count += 1) readers.push(await events(`/api/replies/${id}/events`));
    const fourth = await gateway.ask(`/api/replies/${id}/events`, { token });
    expect(fourth).toMatchObject({ status: 429, body: { code: 'request.too_many' } });
    expect(fourth.headers.get('retry-after')).toBe('5');
    for (const reader of readers) await reader.leave();
  });

  test('somebody else’s reply does not exist, as an ordinary error answer', async () => {
    gateway.fake.refuse(getReply, 'reply.not_found');
    const answer = await gateway.ask(`/api/replies/${id}/events`, { token });
    expect(answer).toMatchObject({ status: 404, body: { code: 'reply.not_found' } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('sending a message', () => {
  const json = { content: 'How?' };

  test('answers 201 with both messages', async () => {
    gateway.fake.on(sendMessage, () => sent(id));
    const answer = await gateway.ask('/api/chats/1/messages', { method: 'POST', token, json });
    expect(answer).toMatchObject({ status: 201, body: { message: { id: id - 1 }, reply: { id } } });
    expect(gateway.fake.asked).toEqual([
      { call: 'chat.send', request: { userId: 1, chatId: 1, body: { content: 'How?' } } },
    ]);
  });

  test('asked for as a stream, it is the reply’s stream, opened by what the 201 would have said', async () => {
    gateway.fake.on(sendMessage, () => sent(id));
    const response = await fetch(`${gateway.url}/api/chats/1/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify(json),
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(response.headers.get('x-correlation-id')).toBeTruthy();
    const reader = new EventReader(response);
    expect(await reader.next()).toMatchObject({ id: undefined, event: 'sent', data: { reply: { id } } });
    await writeLog('Primer', ' first.');
    const rest = await reader.rest();
    expect(rest.map(({ event }) => event).at(-1)).toBe('end');
    const text = rest.flatMap(({ data }) => (data as { text?: string }).text ?? []).join('');
    expect(text).toBe('Primer first.');
  });

  test('an image that is asked for and followed at once is the same stream', async () => {
    gateway.fake.on(generateImage, () => sent(id));
    const image = { chat_id: 1, description: 'a fence' };
    const response = await fetch(`${gateway.url}/api/image/generate/stream`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(image),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      201,
      'text/event-stream; charset=utf-8',
    ]);
    const reader = new EventReader(response);
    expect(await reader.next()).toMatchObject({ id: undefined, event: 'sent', data: { reply: { id } } });
    await writeLog();
    expect((await reader.rest()).map(({ event }) => event).at(-1)).toBe('end');
    expect(gateway.fake.asked).toEqual([{ call: 'image.generate', request: { userId: 1, body: image } }]);
  });

  test('a refusal is an error answer even when a stream was asked for', async () => {
    gateway.fake.refuse(sendMessage, 'chat.busy');
    const answer = await gateway.ask('/api/chats/1/messages', {
      method: 'POST',
      token,
      json,
      headers: { accept: 'text/event-stream' },
    });
    expect(answer).toMatchObject({ status: 409, body: { code: 'chat.busy', retry: 'later' } });
  });
});

describe('stopping', () => {
  test('a text reply is stopped by chat-service, and the message as it is now comes back', async () => {
    gateway.fake.on(cancelReply, ({ replyId }) => reply(replyId, { state: 'cancelled', content: 'so far' }));
    const answer = await gateway.ask(`/api/replies/${id}/cancel`, { method: 'POST', token });
    expect(answer).toMatchObject({ status: 200, body: { state: 'cancelled', content: 'so far' } });
  });

  test('a text reply that waits goes to the CPU, or the reason why not comes back', async () => {
    gateway.fake.on(answerNow, ({ replyId }) => reply(replyId, { state: 'queued' }));
    const now = (): ReturnType<GatewayHarness['ask']> =>
      gateway.ask(`/api/replies/${id}/answer-now`, { method: 'POST', token });
    expect(await now()).toMatchObject({ status: 200, body: { id, state: 'queued' } });
    for (const [code, status] of [
      ['reply.not_found', 404],
      ['reply.not_waiting', 409],
      ['local.not_set_up', 409],
    ] as const) {
      gateway.fake.refuse(answerNow, code);
      expect(await now()).toMatchObject({ status, body: { code } });
    }
  });

  test('a render is stopped by image-service', async () => {
    gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { kind: 'image', state: 'rendering' }));
    gateway.fake.on(cancelImage, () => {
      gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { kind: 'image', state: 'cancelled' }));
      return { accepted: true as const };
    });
    const answer = await gateway.ask(`/api/replies/${id}/cancel`, { method: 'POST', token });
    expect(answer).toMatchObject({ status: 200, body: { kind: 'image', state: 'cancelled' } });
  });

  test('all of mine are stopped at once, the pictures among them', async () => {
    gateway.fake.on(cancelReplies, () => ({ stopped: [reply(id, { state: 'cancelled' })] }));
    gateway.fake.on(cancelChatImages, () => ({ accepted: true as const }));
    const answer = await gateway.ask('/api/replies/cancel', { method: 'POST', token, json: {} });
    expect(answer).toMatchObject({
      status: 200,
      body: { stopped: [{ id, state: 'cancelled' }], images_told: true },
    });
    expect(gateway.fake.asked).toEqual(
      expect.arrayContaining([
        { call: 'reply.cancel_all', request: { userId: 1 } },
        { call: 'image.cancel_chat', request: { userId: 1 } },
      ]),
    );
  });

  test.each([
    ['/api/replies/cancel', { chat_id: 7 }],
    ['/api/chats/7/cancel', undefined],
  ])('%s stops what is made for one chat, also when the pictures cannot be told', async (path, json) => {
    const receipt = { idle_ms: 9, returned_ms: 4_000 };
    gateway.fake.on(cancelReplies, () => ({
      stopped: [reply(id, { state: 'cancelled', details: { receipt } })],
    }));
    gateway.fake.refuse(cancelChatImages, 'internal');
    const answer = await gateway.ask(path, { method: 'POST', token, json });
    expect(answer).toMatchObject({
      status: 200,
      body: { stopped: [{ id, details: { receipt } }], images_told: false },
    });
    expect(gateway.fake.asked).toEqual(
      expect.arrayContaining([
        { call: 'reply.cancel_all', request: { userId: 1, chatId: 7 } },
        { call: 'image.cancel_chat', request: { userId: 1, chatId: 7 } },
      ]),
    );
  });

  test('a chat of somebody else does not exist', async () => {
    gateway.fake.refuse(cancelReplies, 'chat.not_found');
    gateway.fake.on(cancelChatImages, () => ({ accepted: true as const }));
    const answer = await gateway.ask('/api/chats/8/cancel', { method: 'POST', token });
    expect(answer).toMatchObject({ status: 404, body: { code: 'chat.not_found' } });
  });
});

test('the key that the gateway looks at is the one that the log is written to', async () => {
  await writeLog('x');
  expect(await redis.strlen(replyLogKeys.log(replyLogKey(id)))).toBeGreaterThan(0);
});
