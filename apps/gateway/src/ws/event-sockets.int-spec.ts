import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  WEBSOCKET_CLOSE,
  cancelReply,
  getReply,
  replyLogKey,
  type EndEvent,
  type ReplyEvent,
} from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventReader } from '../testing/event-reader.ts';
import { reply } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';
import { SocketClient } from '../testing/socket-client.ts';
import { EventSockets } from './event-sockets.service.ts';

const OWN_PAGE = 'https://chat.example.org';
const END: EndEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

let gateway: GatewayHarness;
let token: string;
let redis: Redis;
let writer: ReplyLogWriter;
let nextId = 100;
let id: number;

beforeAll(async () => {
  gateway = await GatewayHarness.start({
    STREAMS_PER_USER: '6',
    REQUESTS_PER_MINUTE: '400',
    CORS_ORIGINS: OWN_PAGE,
  });
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
  gateway.fake.on(getReply, ({ userId, replyId }) => {
    if (userId !== 1) throw new AppError('reply.not_found');
    return reply(replyId, { state: 'streaming' });
  });
});
afterEach(async () => {
  await eventually(() => gateway.app.get(EventSockets).openCount === 0);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
  gateway.fake.reset();
});

async function writeLog(replyId: number, ...events: ReplyEvent[]): Promise<void> {
  const log = writer.open(replyLogKey(replyId));
  for (const event of events) {
    log.append(event);
    await log.flush();
  }
  log.append(END);
  await log.close();
}

const text = (words: string): ReplyEvent => ({ type: 'text', text: words });

describe('coming in', () => {
  test('a token in the first message opens the door, until it expires', async () => {
    const client = await SocketClient.open(gateway.url);
    client.send({ type: 'auth', token });
    const ready = await client.next();
    expect(ready).toEqual({ type: 'ready', expires_at: expect.any(String) });
    client.send({ type: 'ping' });
    expect(await client.next()).toEqual({ type: 'pong' });
    client.socket.close();
    expect(await client.closed).toBe(1005);
  });

  test('a client that can send headers needs no first message', async () => {
    const client = await SocketClient.open(gateway.url, { headers: { authorization: `Bearer ${token}` } });
    expect(await client.next()).toMatchObject({ type: 'ready' });
    client.cut();
  });

  test('a page of another site is refused before anything is opened, a page that may ask is not', async () => {
    for (const origin of ['https://evil.example', 'null']) {
      await expect(SocketClient.open(gateway.url, { origin })).rejects.toThrow('refused with 403');
    }
    for (const origin of [OWN_PAGE, gateway.url]) {
      const client = await SocketClient.open(gateway.url, { origin });
      client.cut();
    }
  });

  test('a wrong token, and a message before any, close the connection and say why', async () => {
    for (const message of [
      { type: 'auth', token: 'not a token' },
      { type: 'auth', token: `${token}x` },
      { type: 'follow', reply_id: id },
    ]) {
      const client = await SocketClient.open(gateway.url);
      client.send(message);
      expect(await client.next()).toMatchObject({ type: 'error', problem: { code: 'auth.required' } });
      expect(await client.closed).toBe(WEBSOCKET_CLOSE.unauthorized);
    }
  });

  test('another person’s token does not take a connection over', async () => {
    const other = await gateway.register('other');
    const client = await SocketClient.enter(gateway.url, token);
    client.send({ type: 'auth', token: other });
    expect(await client.next()).toMatchObject({ type: 'error', problem: { code: 'auth.required' } });
    expect(await client.closed).toBe(WEBSOCKET_CLOSE.unauthorized);
  });

  test('a token in the address is no token', async () => {
    const answer = await gateway.ask(`/api/ws?token=${token}`);
    expect(answer.status).toBe(404);
  });
});

describe('following', () => {
  test('the events are those of the SSE answer, ids and all, for several replies on one connection', async () => {
    const second = id + 1;
    await writeLog(id, { type: 'thinking', text: 'hm' }, text('Привет\n'), text('🎨'));
    await writeLog(second, text('b'));
    const client = await SocketClient.enter(gateway.url, token);
    client.send({ type: 'follow', reply_id: id });
    const over = await client.events(id);
    client.send({ type: 'follow', reply_id: second });
    expect((await client.events(second)).map(({ event }) => event.type)).toEqual(['text', 'end']);
    const response = await fetch(`${gateway.url}/api/replies/${id}/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const sse = await new EventReader(response).rest();
    expect(over.map((message) => [message.id, message.event])).toEqual(
      sse.map((event) => [Number(event.id), event.data]),
    );
    client.cut();
  });

  test('what comes while it is followed comes at once, and two connections get the same', async () => {
    const clients = [
      await SocketClient.enter(gateway.url, token),
      await SocketClient.enter(gateway.url, token),
    ];
    for (const client of clients) client.send({ type: 'follow', reply_id: id });
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 2);
    await writeLog(id, text('one'), text('two'));
    const [a, b] = await Promise.all(clients.map((client) => client.events(id)));
    expect(a).toEqual(b);
    expect(a?.at(-1)?.event.type).toBe('end');
    for (const client of clients) client.cut();
  });

  test('whoever was cut off goes on behind the last event, and a position that is none is refused by name', async () => {
    await writeLog(id, text('a'), text('бб'), text('c'));
    const first = await SocketClient.enter(gateway.url, token);
    first.send({ type: 'follow', reply_id: id });
    const seen = await first.events(id, 2);
    first.cut();
    const second = await SocketClient.enter(gateway.url, token);
    second.send({ type: 'follow', reply_id: id, after: seen.at(-1)?.id });
    seen.push(...(await second.events(id)));
    expect(seen.map(({ event }) => (event.type === 'text' ? event.text : event.type))).toEqual([
      'a',
      'бб',
      'c',
      'end',
    ]);
    second.send({ type: 'follow', reply_id: id, after: 3 });
    expect(await second.next()).toMatchObject({
      type: 'error',
      reply_id: id,
      problem: { code: 'request.invalid', errors: [{ field: 'after' }] },
    });
    second.send({ type: 'ping' });
    expect(await second.next()).toEqual({ type: 'pong' });
    second.cut();
  });

  test('without its log a finished reply comes whole, without positions', async () => {
    gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: 'done', content: 'whole' }));
    const client = await SocketClient.enter(gateway.url, token);
    client.send({ type: 'follow', reply_id: id, after: 77 });
    expect(await client.events(id)).toMatchObject([
      { id: null, event: { type: 'reset', text: 'whole' } },
      { id: null, event: { type: 'end', state: 'done' } },
    ]);
    client.cut();
  });

  test('others’ replies do not exist, for following and for stopping', async () => {
    const stranger = await gateway.register('stranger');
    const client = await SocketClient.enter(gateway.url, stranger);
    for (const type of ['follow', 'cancel']) {
      client.send({ type, reply_id: id });
      expect(await client.next()).toMatchObject({
        type: 'error',
        reply_id: id,
        problem: { code: 'reply.not_found', status: 404 },
      });
    }
    client.cut();
  });

  test('a reply that is no longer followed costs nothing, and can be followed again', async () => {
    const client = await SocketClient.enter(gateway.url, token);
    client.send({ type: 'follow', reply_id: id });
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
    client.send({ type: 'unfollow', reply_id: id });
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
    client.send({ type: 'follow', reply_id: id });
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
    client.send({ type: 'follow', reply_id: id });
    await writeLog(id, text('once'));
    expect((await client.events(id)).map(({ event }) => event.type)).toEqual(['text', 'end']);
    client.cut();
  });

  test('Stop over the WebSocket is Stop, and answers with the message', async () => {
    gateway.fake.on(cancelReply, ({ replyId }) => reply(replyId, { state: 'cancelled', content: 'so far' }));
    const client = await SocketClient.enter(gateway.url, token);
    client.send({ type: 'cancel', reply_id: id });
    expect(await client.next()).toMatchObject({
      type: 'cancelled',
      reply_id: id,
      message: { state: 'cancelled', content: 'so far' },
    });
    client.cut();
  });
});

describe('limits', () => {
  test.each([
    ['no JSON', 'body'],
    ['[]', 'body'],
    ['{"type":"follow"}', 'reply_id'],
    ['{"type":"follow","reply_id":1,"token":"x"}', 'body'],
    ['{"type":"sing"}', 'type'],
  ])('%s is refused and named, and the connection goes on', async (message, field) => {
    const client = await SocketClient.enter(gateway.url, token);
    client.send(message);
    expect(await client.next()).toMatchObject({
      type: 'error',
      reply_id: null,
      problem: { code: 'request.invalid', errors: [{ field }] },
    });
    client.send({ type: 'ping' });
    expect(await client.next()).toEqual({ type: 'pong' });
    client.cut();
  });

  test('connections and what they follow count as streams of their user, SSE among them', async () => {
    const client = await SocketClient.enter(gateway.url, token);
    for (let at = 0; at < 5; at += 1) client.send({ type: 'follow', reply_id: id + at });
    await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 5);
    client.send({ type: 'follow', reply_id: id + 5 });
    expect(await client.next()).toMatchObject({
      reply_id: id + 5,
      problem: { code: 'request.too_many' },
    });
    const answer = await gateway.ask(`/api/replies/${id}/events`, { token });
    expect(answer.status).toBe(429);
    client.cut();
    await eventually(() => gateway.app.get(EventSockets).openCount === 0);
    const again = await SocketClient.enter(gateway.url, token);
    again.cut();
  });

  test('a message that is too long closes the connection with the code for it', async () => {
    const client = await SocketClient.enter(gateway.url, token);
    client.send('x'.repeat(20_000));
    expect(await client.closed).toBe(1009);
  });

  test('a flood of messages ends its connection and harms nobody else', async () => {
    const flooder = await gateway.register('flooder');
    const client = await SocketClient.enter(gateway.url, flooder);
    const quiet = await SocketClient.enter(gateway.url, token);
    for (let at = 0; at < 20_000; at += 1) client.send({ type: 'ping' });
    quiet.send({ type: 'ping' });
    expect(await quiet.next()).toEqual({ type: 'pong' });
    expect(await client.closed).toBe(WEBSOCKET_CLOSE.tooMany);
    quiet.cut();
  });
});

test('a shutdown closes every connection with the code for it and waits for none that does not answer', async () => {
  const own = await GatewayHarness.start();
  const polite = await SocketClient.enter(own.url, await own.register('polite'));
  const deaf = await SocketClient.open(own.url);
  deaf.socket.pause();
  const startedAt = performance.now();
  await own.stop();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await polite.closed).toBe(1001);
  deaf.cut();
  await deaf.closed;
});
