import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  STREAM_FIELD,
  gpuKeys,
  queueView,
  readGpuQueue,
  readGpuStatus,
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
