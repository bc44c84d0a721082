import { randomBytes } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { getReply, replyLogKey, type EndEvent } from '@baton/contracts';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventReader } from '../testing/event-reader.ts';
import { reply } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';
import { SocketClient } from '../testing/socket-client.ts';
import { StoppingReader } from '../testing/stopping-reader.ts';
import { EventSockets } from '../ws/event-sockets.service.ts';
import { EventStreams } from './event-streams.service.ts';
import {
  DEFAULT_EVENT_STREAMS,
  EVENT_STREAM_SETTINGS,
  type EventStreamSettings,
} from './stream-slots.service.ts';

const END: EndEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };
/** More than both kernels take in between two processes of one machine. */
const EVENT_CHARS = 100_000;
const EVENTS = 160;
const SLOW_READERS = 3;

let gateway: GatewayHarness;
let token: string;
let redis: Redis;
let writer: ReplyLogWriter;
let settings: { -readonly [Key in keyof EventStreamSettings]: EventStreamSettings[Key] };
const sockets = new Set<Socket>();
let id = 100;

beforeAll(async () => {
  gateway = await GatewayHarness.start();
  token = await gateway.register('reader');
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  writer = new ReplyLogWriter(redis);
  // The same object that the running gateway looks at, so that a test need not wait as long as people may.
  settings = gateway.app.get(EVENT_STREAM_SETTINGS);
  (gateway.app.getHttpServer() as Server).on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
});
afterAll(async () => {
  // Waited for: a connection that is still closing holds a timer of two seconds.
  await redis.quit();
  await gateway.stop();
});
beforeEach(() => {
  id += 10;
  Object.assign(settings, { ...DEFAULT_EVENT_STREAMS });
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: 'streaming' }));
});
afterEach(async () => {
  await eventually(() => gateway.app.get(EventStreams).openCount === 0);
  await eventually(() => gateway.app.get(EventSockets).openCount === 0);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
});

const urlOf = (replyId: number): string => `${gateway.url}/api/replies/${replyId}/events`;
const words = Array.from({ length: EVENTS }, (_, at) =>
  `${at} `.padEnd(EVENT_CHARS, randomBytes(16).toString('hex')),
);

async function writeMuch(replyId: number): Promise<void> {
  const log = writer.open(replyLogKey(replyId));
  for (const text of words) {
    log.append({ type: 'text', text });
    await log.flush();
  }
  log.append(END);
  await log.close();
}

/** Does the work, and resolves with the most that the gateway held meanwhile for one connection beyond what the kernels took. */
async function mostKept(work: () => Promise<void>): Promise<number> {
  let most = 0;
  const looking = setInterval(() => {
    most = Math.max(most, ...[...sockets].map((socket) => socket.writableLength));
  }, 5);
  // Also when the work fails: or a timer left behind hides why.
  await work().finally(() => clearInterval(looking));
  return most;
}

async function readQuickly(replyId: number): Promise<EventReader> {
  return new EventReader(await fetch(urlOf(replyId), { headers: { authorization: `Bearer ${token}` } }));
}

test('readers that stop reading are kept next to nothing for, and one that reads beside them gets everything', async () => {
  const stopped = [];
  for (let count = 0; count < SLOW_READERS; count += 1)
    stopped.push(await StoppingReader.open(urlOf(id), token));
  const quick = await readQuickly(id);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === SLOW_READERS + 1);
  const reading = quick.rest();
  let all: Awaited<typeof reading> = [];
  const most = await mostKept(async () => {
    await writeMuch(id);
    all = await reading;
  });
  expect(all).toHaveLength(EVENTS + 1);
  expect(all.at(-1)?.event).toBe('end');
  // A few events at most: what is behind them stays in Redis until the reader goes on.
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(4 * EVENT_CHARS);
  expect(gateway.app.get(EventStreams).openCount).toBe(SLOW_READERS);
  // Whoever goes on in time gets the rest over the same connection.
  for (const reader of stopped) {
    const events = await reader.goOn();
    expect(events.map(({ event }) => (event.type === 'text' ? event.text : event.type))).toEqual([
      ...words,
      'end',
    ]);
  }
});

test('a reader that stops for too long is sent away, and goes on where it was when it comes back', async () => {
  settings.stallMs = 300;
  const stopped = await StoppingReader.open(urlOf(id), token);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
  await writeMuch(id);
  await eventually(() => gateway.app.get(EventStreams).openCount === 0);
  expect(gateway.app.get(ReplyLogReader).followerCount).toBe(0);
  const before = await stopped.goOn();
  expect(before.length).toBeLessThan(EVENTS);
  const back = await StoppingReader.open(urlOf(id), token, before.at(-1)?.id);
  const all = [...before, ...(await back.goOn())];
  expect(all.map(({ event }) => (event.type === 'text' ? event.text : event.type))).toEqual([
    ...words,
    'end',
  ]);
});

test('a WebSocket whose reader stops is cut off, with next to nothing kept for it', async () => {
  settings.stallMs = 300;
  const stopped = await SocketClient.enter(gateway.url, token);
  stopped.send({ type: 'follow', reply_id: id });
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
  stopped.socket.pause();
  const beside = await SocketClient.enter(gateway.url, token);
  beside.send({ type: 'follow', reply_id: id });
  const reading = beside.events(id);
  const most = await mostKept(async () => {
    await writeMuch(id);
    expect(await reading).toHaveLength(EVENTS + 1);
    await eventually(() => gateway.app.get(EventSockets).openCount === 1);
  });
  expect(most).toBeLessThan(4 * EVENT_CHARS);
  beside.cut();
  stopped.socket.resume();
  const before = await stopped.events(id);
  expect(before.length).toBeLessThan(EVENTS);
  const back = await SocketClient.enter(gateway.url, token);
  back.send({ type: 'follow', reply_id: id, after: before.at(-1)?.id });
  const all = [...before, ...(await back.events(id))];
  expect(all.map(({ event }) => (event.type === 'text' ? event.text : event.type))).toEqual([
    ...words,
    'end',
  ]);
  back.cut();
});

test('sixty readers that went away leave no stream, follower, timer, socket or listener behind', async () => {
  const left = (): Record<string, number> => ({
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    redis: redisListeners(),
  });
  const first = await StoppingReader.open(urlOf(id), token);
  first.leave();
  await eventually(() => gateway.app.get(EventStreams).openCount === 0);
  const before = left();
  const kept = sockets.size;
  const readers = await Promise.all(
    Array.from({ length: 60 }, (_, at) => StoppingReader.open(urlOf(id + (at % 7)), token)),
  );
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 60);
  for (const reader of readers) reader.leave();
  await eventually(() => gateway.app.get(EventStreams).openCount === 0);
  await eventually(() => {
    expect(left()).toEqual(before);
    expect(sockets.size).toBeLessThanOrEqual(kept);
    return true;
  });
});

/** Listeners on the connections that all readers share. */
function redisListeners(): number {
  const { commands, blocking } = gateway.app.get<Record<'commands' | 'blocking', Redis>>(ReplyLogReader);
  return [commands, blocking]
    .flatMap((connection) => connection.eventNames().map((name) => connection.listenerCount(name)))
    .reduce((sum, count) => sum + count, 0);
}
