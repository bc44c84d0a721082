import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { gpuKeys, gpuQueueName, type WaitingView } from '@baton/contracts';
import { eventually, startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { CHAT, IMAGE, NODE, Stack } from '../testing/stack.ts';

let stack: Stack;
let queue: Queue;

beforeEach(async () => {
  stack = new Stack((await startRedis()).url);
  queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
});
afterEach(async () => {
  await queue.close();
  await stack.close();
});

async function waiting(count: number): Promise<void> {
  await eventually(async () => (await queue.getPrioritizedCount()) === count);
}

test('background work goes behind everybody who comes later, says so, and stands at the end of the queue', async () => {
  const { leader } = await stack.start();
  const held = await stack.hold(CHAT);
  const order: string[] = [];
  const views: WaitingView[] = [];
  const note = (name: string) => () => Promise.resolve(void order.push(name));
  const batch = stack.use(CHAT, note('batch'), {
    urgency: 'background',
    jobId: 'batch-1',
    onWaiting: (view) => views.push(view),
  });
  await waiting(1);
  const chat = stack.use(CHAT, note('chat'), { jobId: 'chat-1' });
  await waiting(2);
  await expect(queue.getPrioritized()).resolves.toMatchObject([
    { id: 'chat-1', opts: { priority: 20 }, data: { kind: 'reply' } },
    { id: 'batch-1', opts: { priority: 120 }, data: { urgency: 'background' } },
  ]);
  await eventually(async () => (await leader.queue()).length === 3);
  await expect(leader.queue()).resolves.toContainEqual(
    expect.objectContaining({ jobId: 'batch-1', urgency: 'background' }),
  );
  await eventually(() => views.some(({ reason }) => reason.code === 'gives_way'));
  held.end();
  await Promise.all([held.done, chat, batch]);
  expect(order).toEqual(['chat', 'batch']);
});

test('a chore for a lane that is not there waits, causes no swap, and is given up by its submitter', async () => {
  await stack.start();
  const stop = new AbortController();
  const chore = stack.use(IMAGE, () => Promise.resolve(), { urgency: 'chore', signal: stop.signal });
  await waiting(1);
  await stack.use(CHAT, () => Promise.resolve(), { urgency: 'chore' });
  await stack.use(CHAT, () => Promise.resolve());
  expect(stack.node.swaps).toEqual([]);
  stop.abort();
  await expect(chore).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  await waiting(0);
});

test('the next leader knows what is background: what runs, and what waits', async () => {
  const { leader, standby } = await stack.start();
  const held = await stack.hold(CHAT, { urgency: 'background', jobId: 'batch-1' });
  await expect(stack.redis.hget(gpuKeys(NODE).lease(held.lease.leaseId), 'urgency')).resolves.toBe(
    'background',
  );
  const order: string[] = [];
  const batch = stack.use(CHAT, () => Promise.resolve(void order.push('batch')), {
    urgency: 'background',
    jobId: 'batch-2',
  });
  await waiting(1);
  await stack.kill(leader);
  await stack.isServing(standby);
  const chat = stack.use(CHAT, () => Promise.resolve(void order.push('chat')));
  await waiting(2);
  await eventually(async () => (await standby.queue()).length === 3);
  const urgencies = (await standby.queue()).map(({ jobId, urgency }) => `${jobId} ${urgency ?? '-'}`);
  expect(urgencies).toEqual(expect.arrayContaining(['batch-1 background', 'batch-2 background']));
  held.end();
  await Promise.all([held.done, chat, batch]);
  expect(order).toEqual(['chat', 'batch']);
});
