import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { WEBSOCKET_CLOSE } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import type { CallClient } from '@baton/platform';
import { eventually, quietLog } from '@baton/testing';
import { WebSocketServer, type WebSocket } from 'ws';
import type { CurrentUser } from '../auth/current-user.ts';
import { RequestLimits } from '../limits/request-limits.service.ts';
import type { ReplyStops } from '../replies/reply-stops.service.ts';
import type { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { DEFAULT_EVENT_STREAMS, StreamSlots } from '../sse/stream-slots.service.ts';
import { SocketClient } from '../testing/socket-client.ts';
import { EventSocket } from './event-socket.ts';

/** Real connections and a clock that stands still. Nobody sends anything over them but who is tried here. */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

let server: WebSocketServer;
let clock: FakeClock;
let accepted: WebSocket | undefined;
/** Calls to chat-service, which never answers. */
let called: number;
let userOf: (token: string) => Promise<CurrentUser>;

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));
beforeEach(() => {
  clock = new FakeClock();
  called = 0;
  // What a token says is when it ends.
  userOf = (token) => Promise.resolve({ id: 1, role: 'user', tokenExpiresAtMs: Number(token) });
  const limits = { ...DEFAULT_EVENT_STREAMS, heartbeatMs: DAY_MS, perUser: 2 };
  const count = (): Promise<never> => {
    called += 1;
    return new Promise(() => undefined);
  };
  const parts = {
    clock,
    log: quietLog,
    limits,
    requests: new RequestLimits(1_000),
    slots: new StreamSlots(limits),
    chats: { call: count } as unknown as CallClient,
    replies: { send: count } as unknown as ReplyStreamService,
    stops: { stop: count } as unknown as ReplyStops,
    userOf: (token: string) => userOf(token),
  };
  const peer = { address: '127.0.0.1', correlationId: 'tried', token: undefined };
  server.once('connection', (socket) => {
    accepted = socket;
    return new EventSocket(socket, peer, parts);
  });
});
afterEach(() => {
  for (const client of server.clients) client.terminate();
});

async function open(): Promise<SocketClient> {
  const client = await SocketClient.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await eventually(() => clock.pendingTimers === 2);
  return client;
}

async function enter(client: SocketClient, restMs: number): Promise<void> {
  client.send({ type: 'auth', token: String(clock.now() + restMs) });
  expect(await client.next()).toMatchObject({ type: 'ready' });
}

const isOpen = (): boolean => accepted?.readyState === accepted?.OPEN;

test('whoever does not say who they are is sent away after five seconds, and leaves no timer', async () => {
  const client = await open();
  await clock.advance(4_999);
  expect(isOpen()).toBe(true);
  await clock.advance(1);
  expect(await client.closed).toBe(WEBSOCKET_CLOSE.unauthorized);
  await eventually(() => clock.pendingTimers === 0);
});

test('a token that was taken in time ends the connection when it expires, and not before', async () => {
  const client = await open();
  await enter(client, MINUTE_MS);
  await clock.advance(MINUTE_MS - 1);
  expect(isOpen()).toBe(true);
  await clock.advance(1);
  expect(await client.closed).toBe(WEBSOCKET_CLOSE.unauthorized);
  await eventually(() => clock.pendingTimers === 0);
});

test('a new token keeps the connection open until that one expires', async () => {
  const client = await open();
  await enter(client, MINUTE_MS);
  await clock.advance(MINUTE_MS / 2);
  await enter(client, MINUTE_MS);
  await clock.advance(MINUTE_MS - 1);
  expect(isOpen()).toBe(true);
  await clock.advance(1);
  expect(await client.closed).toBe(WEBSOCKET_CLOSE.unauthorized);
});

test('what a client asks to follow in the moment in which it goes is not begun', async () => {
  const client = await open();
  await enter(client, MINUTE_MS);
  let letIn: (user: CurrentUser) => void = () => undefined;
  let isAsked = false;
  userOf = () => {
    isAsked = true;
    return new Promise((resolve) => (letIn = resolve));
  };
  client.send({ type: 'follow', reply_id: 7 });
  await eventually(() => isAsked);
  client.cut();
  await eventually(() => clock.pendingTimers === 0);
  letIn({ id: 1, role: 'user', tokenExpiresAtMs: clock.now() + MINUTE_MS });
  await clock.advance(0);
  expect(called).toBe(0);
});

test('a reply that is followed anew takes the place of its old one, with no slot to spare', async () => {
  const client = await open();
  await enter(client, MINUTE_MS);
  client.send({ type: 'follow', reply_id: 7 });
  await eventually(() => called === 1);
  client.send({ type: 'follow', reply_id: 7, after: 0 });
  await eventually(() => called === 2);
  client.send({ type: 'follow', reply_id: 8 });
  expect(await client.next()).toMatchObject({ type: 'error', problem: { code: 'request.too_many' } });
});
