import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { gpuQueueName, type GpuJob } from '@baton/contracts';
import { startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { JobStore } from './job.store.ts';

const JOB: GpuJob = {
  version: 1,
  lane: { engine: 'comfyui' },
  kind: 'render',
  userId: 1,
  messageId: 1,
  chatId: 1,
  estimateMs: 1_000,
  submittedAtMs: 1,
  correlationId: 'test',
};

let redis: Redis;
let queue: Queue;
let jobs: JobStore;

beforeEach(async () => {
  redis = new Redis((await startRedis()).url, { maxRetriesPerRequest: null });
  queue = new Queue(gpuQueueName('gpu0'), { connection: redis });
  jobs = new JobStore(redis, 'gpu0', () => undefined);
});
afterEach(async () => {
  await jobs.close();
  await queue.close();
  redis.disconnect();
});

async function add(...ids: readonly string[]): Promise<void> {
  for (const jobId of ids) await queue.add('render', JOB, { jobId, priority: 10 });
}

test('any job can be claimed, whatever its place, and the others keep theirs', async () => {
  await add('a', 'b', 'c', 'd');
  await expect(jobs.claim('c', 'token')).resolves.toBe(true);
  await expect(jobs.activeIds()).resolves.toEqual(['c']);
  expect((await jobs.waiting()).map(({ id }) => id)).toEqual(['a', 'b', 'd']);
});

test('claims that are made at the same time each get their own job', async () => {
  const ids = Array.from({ length: 30 }, (_, n) => `j${n}`);
  await add(...ids);
  const claims = await Promise.all([...ids].reverse().map((id) => jobs.claim(id, `token ${id}`)));
  expect(claims.every((isClaimed) => isClaimed)).toBe(true);
  expect((await jobs.activeIds()).sort()).toEqual([...ids].sort());
});

test.each(['that never was', 'that runs already', 'that has ended'])(
  'a job %s is not claimed, and nobody else is claimed in its place',
  async (which) => {
    await add('x', 'other');
    if (which !== 'that never was') await jobs.claim('x', 'first');
    if (which === 'that has ended') await jobs.end('x', 'first', { outcome: 'completed', code: null });
    const id = which === 'that never was' ? 'nobody' : 'x';
    await expect(jobs.claim(id, 'second')).resolves.toBe(false);
    expect(await jobs.waitingIds()).toContain('other');
    expect(await jobs.activeIds()).not.toContain('other');
    expect((await queue.getJob('other'))?.priority).toBe(10);
  },
);

test('a job that is put back waits again with its own priority', async () => {
  await add('a', 'b');
  await jobs.claim('b', 'token');
  await jobs.putBack('b', 'token');
  await expect(queue.getPrioritizedCount()).resolves.toBe(2);
  await expect(jobs.claim('b', 'again')).resolves.toBe(true);
});

test('a claim of somebody who died can be put back without his token', async () => {
  await add('a');
  await jobs.claim('a', 'his');
  const successor = new JobStore(redis, 'gpu0', () => undefined);
  await successor.putBack('a', null);
  await expect(successor.claim('a', 'mine')).resolves.toBe(true);
  await expect(jobs.end('a', 'his', { outcome: 'completed', code: null })).resolves.toBeUndefined();
  await expect(queue.getJobState('a')).resolves.toBe('active');
  await successor.close();
});

test('a successor ends a job with the token that was stored, also after its lock has lapsed', async () => {
  await add('a', 'b');
  await jobs.claim('a', 'token');
  await jobs.claim('b', 'token');
  const successor = new JobStore(redis, 'gpu0', () => undefined);
  await successor.end('a', 'token', { outcome: 'completed', code: null });
  await redis.del(`bull:${gpuQueueName('gpu0')}:b:lock`);
  await successor.end('b', 'token', { outcome: 'failed', code: 'gpu.lease_lost' });
  await expect(queue.getJobState('a')).resolves.toBe('completed');
  expect((await queue.getJob('b'))?.failedReason).toBe('gpu.lease_lost');
  await successor.end('b', 'token', { outcome: 'failed', code: 'gpu.lease_lost' });
  await successor.close();
});

test('a waiting job that is refused is seen as failed, one that is cancelled is gone', async () => {
  await add('a', 'b');
  await jobs.endWaiting('a', { outcome: 'failed', code: 'engine.unavailable' });
  await jobs.remove('b');
  await jobs.remove('never there');
  expect((await queue.getJob('a'))?.failedReason).toBe('engine.unavailable');
  await expect(jobs.read('a')).resolves.toBeNull();
  await expect(jobs.read('b')).resolves.toBeNull();
});

test('a payload of another version is read as a job without one', async () => {
  await queue.add('render', { version: 99 }, { jobId: 'a', priority: 10 });
  await expect(jobs.read('a')).resolves.toEqual({ id: 'a', job: null });
});
