import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { gpuQueueName } from '@baton/contracts';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { GatewayHarness, type Answer } from '../testing/gateway-harness.ts';

let gateway: GatewayHarness;
let redis: Redis;
let queue: Queue;
let admin: string;
let other: string;

beforeAll(async () => {
  gateway = await GatewayHarness.start();
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  queue = new Queue(gpuQueueName('gpu0'), { connection: redis });
  admin = await gateway.register('first');
  other = await gateway.register('second');
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await gateway.stop();
});

function ask(path: string, cookie: string, method = 'GET'): Promise<Answer> {
  return gateway.ask(path, { method, headers: { cookie } });
}

async function pass(token: string): Promise<string> {
  const answer = await gateway.ask('/api/ops/pass', { method: 'POST', token });
  expect(answer.status).toBe(204);
  const [cookie = ''] = answer.headers.getSetCookie();
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  expect(cookie).toContain('Path=/ops');
  return cookie.split(';')[0] ?? '';
}

test('only an administrator gets a pass, and without one there is nothing to see', async () => {
  expect((await gateway.ask('/api/ops/pass', { method: 'POST', token: other })).status).toBe(403);
  for (const cookie of ['', 'baton_ops=nonsense', `baton_ops=${admin}`]) {
    for (const path of ['/ops/queues', '/ops/queues/api/queues']) {
      const refused = await ask(path, cookie);
      expect(refused).toMatchObject({ status: 401, body: { code: 'auth.ops_pass_required' } });
      expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
  }
});

test('a pass opens the board and nothing else', async () => {
  const cookie = await pass(admin);
  const page = await ask('/ops/queues', cookie);
  expect(page.status).toBe(200);
  expect(page.body).toContain('__UI_CONFIG__');
  expect(page.body).not.toMatch(/<link[^>]+href="https?:/);
  const token = cookie.replace('baton_ops=', '');
  expect((await gateway.ask('/api/auth/me', { token })).status).toBe(401);
});

test('the board counts what waits and cannot change it', async () => {
  const cookie = await pass(admin);
  await queue.add('reply', {}, { jobId: 'waits', priority: 20 });
  const counted = await ask('/ops/queues/api/queues', cookie);
  expect(counted.body).toMatchObject({
    queues: [{ name: 'gpu-gpu0', readOnlyMode: true, counts: { prioritized: 1 } }],
  });
  for (const [method, path] of [
    ['PUT', '/ops/queues/api/queues/gpu-gpu0/pause'],
    ['PUT', '/ops/queues/api/queues/gpu-gpu0/obliterate'],
    ['PUT', '/ops/queues/api/queues/gpu-gpu0/waits/clean'],
  ] as const) {
    expect(await ask(path, cookie, method)).toMatchObject({ status: 405 });
  }
  expect(await queue.getJobCountByTypes('prioritized')).toBe(1);
});

test('a changed password ends the pass', async () => {
  const cookie = await pass(admin);
  const changed = await gateway.ask('/api/auth/password', {
    method: 'POST',
    token: admin,
    json: { current_password: 'a long enough password', new_password: 'another long password' },
  });
  expect(changed.status).toBe(200);
  expect((await ask('/ops/queues', cookie)).status).toBe(401);
});
