import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { gpuKeys, gpuQueueName } from '@baton/contracts';
import type { JobEnd } from '@baton/gpu-lease';
import { eventually, startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { CHAT, IMAGE, NODE, Stack } from '../testing/stack.ts';

const KEYS = gpuKeys(NODE);

let stack: Stack;
let queue: Queue;
let stop: AbortController;
let runs: number;

beforeEach(async () => {
  stack = new Stack((await startRedis()).url);
  queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
  stop = new AbortController();
  runs = 0;
  ends.length = 0;
  await stack.start();
});
afterEach(async () => {
  await queue.close();
  await stack.close();
});

const ends: JobEnd[] = [];
const CANCELLED_QUIETLY: JobEnd[] = [{ outcome: 'cancelled', isQuiet: true }];

function ask(lane: typeof CHAT | typeof IMAGE, jobId = 'reply-77-1'): Promise<void> {
  const asking = stack.use(
    lane,
    () => {
      runs += 1;
      return Promise.resolve();
    },
    { signal: stop.signal, jobId, onEnded: (end) => ends.push(end) },
  );
  asking.catch(() => undefined);
  return asking;
}

/** The job is cancelled for everybody: its waiter, BullMQ, the guard, the leases; and the GPU goes on. */
async function expectCancelled(asking: Promise<unknown>): Promise<void> {
  await expect(asking).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  await eventually(async () => (await queue.getJob('reply-77-1'))?.failedReason === 'gpu.job_cancelled');
  await eventually(async () => (await stack.redis.scard(KEYS.cancels)) === 0);
  await eventually(async () => (await stack.redis.zcard(KEYS.leases)) === 0);
  await eventually(() => stack.node.admitted.size === 0);
  await stack.use(CHAT, () => Promise.resolve());
}

test('a job that waits', async () => {
  const held = await stack.hold(CHAT);
  const asking = ask(CHAT);
  await eventually(async () => (await queue.getPrioritizedCount()) === 1);
  stop.abort();
  await expect(asking).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  await eventually(() => ends.length > 0);
  expect(ends).toEqual(CANCELLED_QUIETLY);
  held.end();
  await held.done;
  await expectCancelled(asking);
  expect(runs).toBe(0);
});

test('a job that is being granted', async () => {
  const gate = Promise.withResolvers<null>();
  stack.node.before = async (call) => {
    if (call === 'admit') await gate.promise;
  };
  const asking = ask(CHAT);
  await eventually(async () => (await queue.getActiveCount()) === 1);
  stop.abort();
  await eventually(async () => (await stack.redis.scard(KEYS.cancels)) === 1);
  stack.node.before = () => Promise.resolve();
  gate.resolve(null);
  await expectCancelled(asking);
  expect(runs).toBe(0);
});

test('a job that waits for its swap', async () => {
  stack.node.swapMs = 300;
  const asking = ask(IMAGE);
  await eventually(() => stack.node.swaps.length === 1);
  stop.abort();
  await expectCancelled(asking);
  expect(runs).toBe(0);
});

test('a job that runs', async () => {
  const held = await stack.hold(CHAT, { signal: stop.signal, jobId: 'reply-77-1' });
  stop.abort();
  await expectCancelled(held.done);
});

test('a job that runs: its end is told when the guard has shut its door, not before', async () => {
  const onEnded = (end: JobEnd): void => {
    ends.push(end);
    expect(stack.node.admitted.has(held.lease.leaseId)).toBe(false);
  };
  const held = await stack.hold(CHAT, { signal: stop.signal, jobId: 'reply-77-1', onEnded });
  stack.node.holdOpen.add(held.lease.leaseId);
  stop.abort();
  await expect(held.done).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  await eventually(async () => (await stack.redis.scard(KEYS.cancels)) === 1);
  expect(ends).toEqual([]);
  stack.node.holdOpen.clear();
  await eventually(() => ends.length > 0);
  expect(ends).toEqual(CANCELLED_QUIETLY);
});

test('a job whose door is being shut has ended by then: the wish comes too late and is dropped', async () => {
  const held = await stack.hold(CHAT, { signal: stop.signal, jobId: 'reply-77-1' });
  stack.node.holdOpen.add(held.lease.leaseId);
  held.end();
  await held.done;
  await stack.redis.sadd(KEYS.cancels, 'reply-77-1');
  await stack.redis.xadd(KEYS.inbox, '*', 'data', JSON.stringify({ type: 'cancel', jobId: 'reply-77-1' }));
  stack.node.holdOpen.clear();
  await eventually(async () => (await queue.getJobState('reply-77-1')) === 'completed');
  await eventually(async () => (await stack.redis.scard(KEYS.cancels)) === 0);
});

test('a waiter that vanished without a word gives its place back when its lease runs out unrenewed', async () => {
  const dying = stack.connect();
  const gone = stack.holder(dying);
  const held = await stack.hold(CHAT);
  const lost = stack.use(CHAT, () => new Promise(() => undefined), {
    holder: gone,
    jobId: 'reply-77-1',
    signal: stop.signal,
  });
  lost.catch(() => undefined);
  await eventually(async () => (await queue.getPrioritizedCount()) === 1);
  await dying.onApplicationShutdown();
  held.end();
  await held.done;
  await stack.use(CHAT, () => Promise.resolve());
  expect((await queue.getJob('reply-77-1'))?.failedReason).toBe('gpu.lease_lost');
  // Only to take its timers away: nobody hears it any more.
  stop.abort();
  await expect(lost).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  await gone.close();
}, 20_000);
