import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  STREAM_FIELD,
  gpuKeys,
  queueView,
  readGpuHistory,
  readGpuNodes,
  readGpuQueue,
  readGpuStatus,
  switchGpu,
  type GpuEvent,
} from '@baton/contracts';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventReader, type ReadEvent } from '../testing/event-reader.ts';
import { gpuStatusOf, queueEntryOf } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';
import { GpuFeed } from './gpu-feed.service.ts';

const KEYS = gpuKeys('gpu0');

let gateway: GatewayHarness;
let redis: Redis;
let anna: string;
let boris: string;

beforeAll(async () => {
  gateway = await GatewayHarness.start();
  redis = new Redis(gateway.redisUrl);
  anna = await gateway.register('anna');
  boris = await gateway.register('boris');
});
afterAll(async () => {
  redis.disconnect();
  await gateway.stop();
});
beforeEach(() => gateway.fake.reset());

async function publish(event: GpuEvent): Promise<void> {
  if (event.type === 'gpu.status') await redis.set(KEYS.status, JSON.stringify(event.status));
  await redis.xadd(KEYS.events, '*', STREAM_FIELD, JSON.stringify(event));
}

async function watch(token: string): Promise<EventReader> {
  const response = await fetch(`${gateway.url}/api/gpu/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  return new EventReader(response);
}

async function nextOf(reader: EventReader, event: string): Promise<ReadEvent | undefined> {
  for (;;) {
    const next = await reader.next();
    if (next === undefined || next.event === event) return next;
  }
}

/** The first view of the queue with so many entries; a view from the second before may come first. */
async function nextQueue(reader: EventReader, size: number): Promise<ReadEvent> {
  for (;;) {
    const next = await nextOf(reader, 'queue');
    if (next === undefined) throw new Error('the stream ended');
    if (queueView.parse(next.data).entries.length === size) return next;
  }
}

describe('the feed', () => {
  test('tells the present state at once and every change after it', async () => {
    gateway.fake.on(readGpuQueue, () => ({ entries: [] }));
    await publish({ type: 'gpu.status', status: gpuStatusOf({ phase: 'serving', at_ms: 1 }) });
    const reader = await watch(anna);
    expect(await nextOf(reader, 'status')).toMatchObject({ data: { phase: 'serving' } });
    await publish({ type: 'gpu.status', status: gpuStatusOf({ phase: 'swapping', at_ms: 2 }) });
    expect(await nextOf(reader, 'status')).toMatchObject({ data: { phase: 'swapping' } });
    await reader.leave();
  });

  test('tells everybody their own view of the queue, and asks the scheduler once for all', async () => {
    gateway.fake.on(readGpuQueue, () => ({
      entries: [queueEntryOf(1), queueEntryOf(2, { kind: 'render' })],
    }));
    const readers = [await watch(anna), await watch(boris)];
    const [a, b] = await Promise.all(readers.map((reader) => nextQueue(reader, 2)));
    expect(a).toMatchObject({
      data: {
        entries: [
          { mine: true, chat_id: 11 },
          { mine: false, chat_id: null },
        ],
      },
    });
    expect(b).toMatchObject({
      data: {
        entries: [
          { mine: false, lane: null },
          { mine: true, chat_id: 12 },
        ],
      },
    });
    expect(gateway.fake.asked.length).toBeLessThanOrEqual(2);
    for (const reader of readers) await reader.leave();
  });

  test('a burst of events costs one look at the queue a second, and no view is sent twice', async () => {
    gateway.fake.on(readGpuQueue, () => ({ entries: [queueEntryOf(1)] }));
    const reader = await watch(anna);
    await nextQueue(reader, 1);
    gateway.fake.reset();
    gateway.fake.on(readGpuQueue, () => ({ entries: [] }));
    for (let count = 0; count < 50; count += 1) await publish({ type: 'job.waiting', jobs: [] });
    await nextQueue(reader, 0);
    expect(gateway.fake.asked.length).toBeLessThanOrEqual(2);
    await reader.leave();
  });

  test('an entry that nobody understands is skipped', async () => {
    gateway.fake.on(readGpuQueue, () => ({ entries: [] }));
    const reader = await watch(anna);
    await redis.xadd(KEYS.events, '*', STREAM_FIELD, '{"type":"from.the.future"}');
    await redis.xadd(KEYS.events, '*', STREAM_FIELD, 'not even JSON');
    await publish({ type: 'gpu.status', status: gpuStatusOf({ phase: 'draining', at_ms: 3 }) });
    for (;;) {
      const next = await nextOf(reader, 'status');
      if ((next?.data as { phase?: string }).phase === 'draining') break;
    }
    await reader.leave();
  });

  test('goes on without the scheduler, and a client that leaves is forgotten', async () => {
    gateway.fake.refuse(readGpuQueue, 'call.unreachable');
    const reader = await watch(anna);
    expect(await nextOf(reader, 'status')).toBeDefined();
    await eventually(() => gateway.app.get(GpuFeed).listenerCount === 1);
    await reader.leave();
    await eventually(() => gateway.app.get(GpuFeed).listenerCount === 0);
  });
});

test('status, queue and processes are what the scheduler says, redacted', async () => {
  const status = gpuStatusOf({ phase: 'serving', waiting: 1 });
  gateway.fake.on(readGpuStatus, () => status);
  gateway.fake.on(readGpuQueue, () => ({ entries: [queueEntryOf(2)] }));
  expect(await gateway.ask('/api/gpu/status', { token: anna })).toMatchObject({ status: 200, body: status });
  const { node, card, engines } = status;
  expect((await gateway.ask('/api/process/status', { token: anna })).body).toEqual({ node, card, engines });
  const queue = await gateway.ask('/api/gpu/queue', { token: anna });
  expect(JSON.stringify(queue.body)).not.toContain('secret-model');
});

describe('the history', () => {
  const visit = {
    node: 'gpu0',
    fence: 4,
    lane: { engine: 'comfyui' as const, model: null },
    cause: 'turn_over' as const,
    swap: null,
    failed: null,
    opened_at_ms: 10,
    closed_at_ms: 20,
    leases: [],
  };

  test('is told to administrators, page by page', async () => {
    const asked: unknown[] = [];
    gateway.fake.on(readGpuHistory, (request) => {
      asked.push(request);
      return { visits: [visit], next: '12-0' };
    });
    const page = await gateway.ask('/api/gpu/history?before=99-1&limit=7', { token: anna });
    expect(page).toMatchObject({ status: 200, body: { visits: [visit], next: '12-0' } });
    await gateway.ask('/api/gpu/history?node=gpu1', { token: anna });
    expect(asked).toEqual([
      { before: '99-1', limit: 7 },
      { limit: 50, node: 'gpu1' },
    ]);
  });

  test('is nobody else’s: it names who used the GPU', async () => {
    const refused = await gateway.ask('/api/gpu/history', { token: boris });
    expect(refused).toMatchObject({ status: 403, body: { code: 'auth.forbidden' } });
    expect((await gateway.ask('/api/gpu/history')).status).toBe(401);
  });

  test.each([
    ['before=yesterday', 'before'],
    ['limit=0', 'limit'],
    ['limit=many', 'limit'],
    ['node=../x', 'node'],
    ['page=2', ''],
  ])('with %s is a problem that names the field', async (query, field) => {
    const answer = await gateway.ask(`/api/gpu/history?${query}`, { token: anna });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(JSON.stringify(answer.body)).toContain(`"field":"${field}`);
  });
});

describe('a switch by hand', () => {
  const SWITCH = { method: 'POST' } as const;

  test('is handed to the scheduler, and the answer says what happens', async () => {
    const orders: unknown[] = [];
    gateway.fake.on(switchGpu, (order) => {
      orders.push(order);
      return { state: 'accepted' as const };
    });
    const waits = await gateway.ask('/api/process/switch?service=comfyui', { ...SWITCH, token: anna });
    expect(waits).toMatchObject({
      status: 202,
      body: {
        state: 'accepted',
        service: 'comfyui',
        model: null,
        force: false,
        say: expect.stringContaining('turn'),
      },
    });
    const path = '/api/process/switch?service=ollama&model=llama3.2&force=true';
    expect((await gateway.ask(path, { ...SWITCH, token: anna })).body).toMatchObject({
      force: true,
      say: expect.stringContaining('taken back'),
    });
    expect(orders).toMatchObject([
      { engine: 'comfyui', model: null, force: false },
      { engine: 'ollama', model: 'llama3.2', force: true },
    ]);
  });

  test('of what has the GPU already is done', async () => {
    gateway.fake.on(switchGpu, () => ({ state: 'done' as const }));
    const answer = await gateway.ask('/api/process/switch?service=ollama', { ...SWITCH, token: anna });
    expect(answer).toMatchObject({
      status: 202,
      body: { state: 'done', say: expect.stringContaining('already') },
    });
  });

  test('is for administrators', async () => {
    const refused = await gateway.ask('/api/process/switch?service=ollama', { ...SWITCH, token: boris });
    expect(refused).toMatchObject({ status: 403, body: { code: 'auth.forbidden' } });
  });

  test.each(['', '?service=vllm', '?service=ollama&force=maybe', '?service=ollama&model='])(
    'with %p is a problem',
    async (query) => {
      const answer = await gateway.ask(`/api/process/switch${query}`, { ...SWITCH, token: anna });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    },
  );
});

test('with several GPUs each can be looked at; without a name the first one is', async () => {
  const asked: unknown[] = [];
  gateway.fake.on(readGpuNodes, () => ({ nodes: ['gpu0', 'gpu1'] }));
  gateway.fake.on(readGpuStatus, (request) => {
    asked.push(request);
    return gpuStatusOf({ node: 'gpu1' });
  });
  expect((await gateway.ask('/api/gpu/nodes', { token: boris })).body).toEqual({ nodes: ['gpu0', 'gpu1'] });
  await gateway.ask('/api/gpu/status', { token: boris });
  await gateway.ask('/api/gpu/status?node=gpu1', { token: boris });
  expect(asked).toEqual([{}, { node: 'gpu1' }]);
});
