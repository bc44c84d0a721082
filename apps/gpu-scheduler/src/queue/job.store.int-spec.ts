import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { gpuKeys, gpuQueueName, type GpuJob } from '@baton/contracts';
import { startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { StaleEpoch } from '../leases/stale-epoch.ts';
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

/** The epoch that the test's leader leads in. */
const NOW = 3;

let redis: Redis;
let queue: Queue;
let jobs: JobStore;
let connections: Redis[];

beforeEach(async () => {
  connections = [];
  redis = new Redis((await startRedis()).url, { maxRetriesPerRequest: null });
  queue = new Queue(gpuQueueName('gpu0'), { connection: redis });
  jobs = store();
  await redis.set(gpuKeys('gpu0').epoch, String(NOW));
});
afterEach(async () => {
  await jobs.close();
  await queue.close();
  for (const connection of [redis, ...connections]) connection.disconnect();
});

/** A scheduler's, on a connection of its own. */
function store(): JobStore {
  const connection = redis.duplicate();
  connections.push(connection);
  return new JobStore(connection, 'gpu0', () => undefined);
}

async function add(...ids: readonly string[]): Promise<void> {
  for (const jobId of ids) await queue.add('render', JOB, { jobId, priority: 10 });
}

test('any job can be claimed, whatever its place, and the others keep theirs', async () => {
  await add('a', 'b', 'c', 'd');
  await expect(jobs.claim(NOW, 'c', 'token')).resolves.toBe(true);
  await expect(jobs.activeIds()).resolves.toEqual(['c']);
  expect((await jobs.waiting()).map(({ id }) => id)).toEqual(['a', 'b', 'd']);
});

test('claims that are made at the same time each get their own job', async () => {
  const ids = Array.from({ length: 30 }, (_, n) => `j${n}`);
  await add(...ids);
  const claims = await Promise.all([...ids].reverse().map((id) => jobs.claim(NOW, id, `token ${id}`)));
  expect(claims.every((isClaimed) => isClaimed)).toBe(true);
  expect((await jobs.activeIds()).sort()).toEqual([...ids].sort());
});

test.each(['that never was', 'that runs already', 'that has ended'])(
  'a job %s is not claimed, and nobody else is claimed in its place',
  async (which) => {
    await add('x', 'other');
    if (which !== 'that never was') await jobs.claim(NOW, 'x', 'first');
    if (which === 'that has ended') await jobs.end(NOW, 'x', 'first', { outcome: 'completed', code: null });
    const id = which === 'that never was' ? 'nobody' : 'x';
    await expect(jobs.claim(NOW, id, 'second')).resolves.toBe(false);
    expect(await jobs.waitingIds()).toContain('other');
    expect(await jobs.activeIds()).not.toContain('other');
    expect((await queue.getJob('other'))?.priority).toBe(10);
  },
);

test('a job that is put back waits again with its own priority', async () => {
  await add('a', 'b');
  await jobs.claim(NOW, 'b', 'token');
  await jobs.putBack(NOW, 'b', 'token');
  await expect(queue.getPrioritizedCount()).resolves.toBe(2);
  await expect(jobs.claim(NOW, 'b', 'again')).resolves.toBe(true);
});

test('a claim of somebody who died can be put back without his token', async () => {
  await add('a');
  await jobs.claim(NOW, 'a', 'his');
  const successor = store();
  await successor.putBack(NOW, 'a', null);
  await expect(successor.claim(NOW, 'a', 'mine')).resolves.toBe(true);
  await expect(jobs.end(NOW, 'a', 'his', { outcome: 'completed', code: null })).resolves.toBeUndefined();
  await expect(queue.getJobState('a')).resolves.toBe('active');
  await successor.close();
});

test('a successor ends a job with the token that was stored, also after its lock has lapsed', async () => {
  await add('a', 'b');
  await jobs.claim(NOW, 'a', 'token');
  await jobs.claim(NOW, 'b', 'token');
  const successor = store();
  await successor.end(NOW, 'a', 'token', { outcome: 'completed', code: null });
  await redis.del(`bull:${gpuQueueName('gpu0')}:b:lock`);
  await successor.end(NOW, 'b', 'token', { outcome: 'failed', code: 'gpu.lease_lost' });
  await expect(queue.getJobState('a')).resolves.toBe('completed');
  expect((await queue.getJob('b'))?.failedReason).toBe('gpu.lease_lost');
  await successor.end(NOW, 'b', 'token', { outcome: 'failed', code: 'gpu.lease_lost' });
  await successor.close();
});

test('a waiting job that is refused or cancelled is seen as failed, with the reason and its times', async () => {
  await add('a', 'b');
  await expect(jobs.endWaiting(NOW, 'a', { outcome: 'failed', code: 'gpu.overloaded' })).resolves.toBe(true);
  await expect(jobs.endWaiting(NOW, 'b', { outcome: 'cancelled', code: null })).resolves.toBe(true);
  await expect(jobs.endWaiting(NOW, 'never there', { outcome: 'cancelled', code: null })).resolves.toBe(
    false,
  );
  const [a, b] = [await queue.getJob('a'), await queue.getJob('b')];
  expect([a?.failedReason, b?.failedReason]).toEqual(['gpu.overloaded', 'gpu.job_cancelled']);
  expect(a?.processedOn).toBeLessThanOrEqual(a?.finishedOn ?? 0);
  await expect(jobs.read('a')).resolves.toBeNull();
  await expect(jobs.ending('a')).resolves.toMatchObject({ outcome: 'failed', code: 'gpu.overloaded' });
  await expect(jobs.ending('b')).resolves.toMatchObject({ outcome: 'cancelled', atMs: b?.finishedOn });
  await expect(queue.getJobCounts('failed', 'prioritized', 'wait')).resolves.toMatchObject({ failed: 2 });
});

test('the times of a job are those of its grant and its end, also when it was put back in between', async () => {
  await add('a');
  await jobs.claim(NOW, 'a', 'first');
  await jobs.putBack(NOW, 'a', 'first');
  const before = Date.now();
  await jobs.claim(NOW, 'a', 'second');
  await jobs.end(NOW, 'a', 'second', { outcome: 'completed', code: null });
  const job = await queue.getJob('a');
  expect(job?.processedOn).toBeGreaterThanOrEqual(before);
  expect(job?.finishedOn).toBeGreaterThanOrEqual(job?.processedOn ?? Infinity);
  await expect(jobs.ending('a')).resolves.toMatchObject({ outcome: 'completed', code: null });
});

test('a former leader changes nothing, whatever it is about to do', async () => {
  await add('waiting', 'running', 'orphan');
  const zombie = store();
  await zombie.claim(NOW, 'running', 'his');
  await zombie.claim(NOW, 'orphan', 'his');
  await redis.set(gpuKeys('gpu0').epoch, String(NOW + 1));
  const before = await everything();
  const ending = { outcome: 'completed', code: null } as const;
  const acts: (() => Promise<unknown>)[] = [
    () => zombie.claim(NOW, 'waiting', 'his'),
    () => zombie.end(NOW, 'running', 'his', ending),
    () => zombie.end(NOW, 'running', 'not even his', ending),
    () => zombie.putBack(NOW, 'running', 'his'),
    () => zombie.putBack(NOW, 'orphan', null),
    () => zombie.endWaiting(NOW, 'waiting', { outcome: 'cancelled', code: null }),
    () => zombie.extendLocks(NOW, [{ jobId: 'running', token: 'his' }]),
  ];
  for (const act of acts) await expect(act()).rejects.toThrow(StaleEpoch);
  await expect(everything()).resolves.toEqual(before);
  await zombie.close();
});

/** Every job with its state, priority and attempts. */
async function everything(): Promise<unknown> {
  const found = await queue.getJobs();
  return Promise.all(
    found.map(async (job) => [job.id, await job.getState(), job.priority, job.attemptsStarted]),
  );
}

test('a payload of another version is read as a job without one', async () => {
  await queue.add('render', { version: 99 }, { jobId: 'a', priority: 10 });
  await expect(jobs.read('a')).resolves.toEqual({ id: 'a', job: null });
});
