import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getReply, listChats, replyLogKey } from '@baton/contracts';
import { ReplyLogWriter } from '@baton/platform';
import { eventually, startPrivateRedis, type PrivateRedis } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventReader } from './testing/event-reader.ts';
import { CHAT, reply } from './testing/examples.ts';
import { GatewayHarness } from './testing/gateway-harness.ts';

let server: PrivateRedis;
let gateway: GatewayHarness;
let token: string;

beforeAll(async () => {
  server = await startPrivateRedis();
  gateway = await GatewayHarness.start({ REDIS_URL: server.url, LOGIN_ATTEMPTS: '3' });
  token = await gateway.register('patient');
});
afterAll(async () => {
  await gateway.stop();
  await server.remove();
});

test('while Redis is away requests work or fail clearly, passwords stay limited, and streams go on by themselves', async () => {
  gateway.fake.on(listChats, () => ({ chats: [CHAT], next_cursor: null }));
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: replyId === 1 ? 'streaming' : 'done' }));
  const waiting = new EventReader(
    await fetch(`${gateway.url}/api/replies/1/events`, { headers: { authorization: `Bearer ${token}` } }),
  );
  await server.kill();

  expect(await gateway.ask('/api/chats', { token })).toMatchObject({ status: 200 });
  expect(await gateway.ask('/api/replies/2/events', { token })).toMatchObject({
    status: 503,
    body: { code: 'store.unavailable', retry: 'later' },
  });
  expect(await gateway.ask('/health/ready')).toMatchObject({
    status: 503,
    body: { checks: { redis: 'failed' } },
  });
  const statuses = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const json = { username: 'patient', password: `wrong ${attempt}` };
    statuses.push((await gateway.ask('/api/auth/login', { method: 'POST', json })).status);
  }
  expect(statuses).toEqual([401, 401, 401, 429, 429]);

  await server.start();
  await eventually(async () => (await gateway.ask('/health/ready')).status === 200);
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  try {
    const log = new ReplyLogWriter(redis).open(replyLogKey(1));
    log.append({ type: 'text', text: 'after the outage' });
    log.append({ type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null });
    await log.close();
    const events = await waiting.rest();
    expect(events.map(({ event }) => event)).toEqual(['text', 'end']);
  } finally {
    redis.disconnect();
  }
});
