import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STREAM_FIELD, gpuKeys, gpuQueueName, inboxEntry, type GpuEvent, type Lane } from '@baton/contracts';
import { systemClock } from '@baton/kernel';
import { Log, RedisConnections, createLogger } from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { GpuLeases } from './gpu-leases.ts';
import type { JobEnd, Lease } from './lease.ts';

const NODE = 'gpu0';
const KEYS = gpuKeys(NODE);
const LANE: Lane = { engine: 'ollama', instance: 'main', model: 'llama:8b' };
const log = new Log(createLogger('test', 'fatal'));

let redis: Redis;
let connections: RedisConnections;
let leases: GpuLeases;
let queue: Queue;

beforeEach(async () => {
  const { url } = await startRedis();
  redis = new Redis(url, { maxRetriesPerRequest: null });
  connections = new RedisConnections(url, log);
  leases = new GpuLeases({
    nodes: [{ node: NODE, guardBaseUrl: 'http://guard' }],
    clock: systemClock,
    log,
    redis: connections,
  });
  queue = new Queue(gpuQueueName(NODE), { connection: redis });
});
afterEach(async () => {
  await leases.close();
  await connections.onApplicationShutdown();
  await queue.close();
  redis.disconnect();
});

/** Asks for a lease of the job `reply-1-1`; what the scheduler would do is up to the test. */
function ask<T>(
  work: (lease: Lease) => Promise<T>,
  signal = new AbortController().signal,
  onEnded?: (end: JobEnd) => void,
): Promise<T> {
  const told = onEnded === undefined ? {} : { onEnded };
  const job = { lane: LANE, kind: 'reply' as const, userId: 1, messageId: 1, chatId: 1, estimateMs: 1_000 };
  const asking = leases.withLease({ jobId: 'reply-1-1', job, signal, ...told }, work);
  asking.catch(() => undefined);
  return asking;
}

async function publish(event: GpuEvent): Promise<void> {
  await redis.xadd(KEYS.events, '*', STREAM_FIELD, JSON.stringify(event));
}

async function storeLease(leaseId: string): Promise<void> {
  const record = {
    leaseId,
    jobId: 'reply-1-1',
    lane: JSON.stringify(LANE),
    fence: 7,
    userId: 1,
    kind: 'reply',
  };
  const rest = { messageId: 1, chatId: 1, lockToken: 'token', grantedAtMs: Date.now(), state: 'live' };
  await redis.hset(KEYS.lease(leaseId), { ...record, ...rest });
  await redis.zadd(KEYS.leases, Date.now() + 5_000, leaseId);
}

function granted(leaseId: string): GpuEvent {
  return {
    type: 'lease.granted',
    jobId: 'reply-1-1',
    leaseId,
    fence: 7,
    lane: LANE,
    ttlMs: 5_000,
    swap: null,
  };
}

function leaseState(leaseId: string): Promise<(string | null)[]> {
  return redis.hmget(KEYS.lease(leaseId), 'state', 'outcome');
}

async function inbox(): Promise<string[]> {
  const entries = await redis.xrange(KEYS.inbox, '-', '+');
  return entries.map(([, fields]) => inboxEntry.parse(JSON.parse(fields[1] ?? '')).type);
}

async function submitted(): Promise<void> {
  await eventually(async () => (await inbox()).includes('submitted'));
}

test('a job is in the queue before the scheduler hears of it, and its lease is given back when the work is done', async () => {
  const asking = ask((lease) => Promise.resolve(lease.fence));
  await submitted();
  expect((await queue.getJob('reply-1-1'))?.opts.priority).toBe(20);
  await storeLease('l1');
  await publish(granted('l1'));
  await expect(asking).resolves.toBe(7);
  await eventually(async () => (await leaseState('l1'))[0] === 'released');
  await expect(leaseState('l1')).resolves.toEqual(['released', 'completed']);
  await expect(inbox()).resolves.toEqual(['submitted', 'released']);
});

test('work that throws gives the lease back as failed, and the caller gets its error', async () => {
  const asking = ask(() => Promise.reject(new Error('the engine said no')));
  await submitted();
  await storeLease('l1');
  await publish(granted('l1'));
  await expect(asking).rejects.toThrow('the engine said no');
  await eventually(async () => (await leaseState('l1'))[1] === 'failed');
});

test('a grant whose event was never seen is found by looking', async () => {
  const asking = ask((lease) => Promise.resolve(lease.leaseId));
  await submitted();
  await storeLease('l1');
  await expect(asking).resolves.toBe('l1');
});

test('a refusal whose event was never seen is found by looking', async () => {
  const asking = ask(() => Promise.resolve());
  await submitted();
  await queue.remove('reply-1-1');
  await expect(asking).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
});

test('a job that the scheduler refuses ends with its code', async () => {
  const asking = ask(() => Promise.resolve());
  await submitted();
  await publish({ type: 'job.ended', jobId: 'reply-1-1', outcome: 'failed', code: 'engine.unavailable' });
  await expect(asking).rejects.toMatchObject({ code: 'engine.unavailable' });
});

test('a job that was not let in ends with the reason and the wait that it would have had', async () => {
  const asking = ask(() => Promise.resolve());
  await submitted();
  const ended = { type: 'job.ended', jobId: 'reply-1-1', outcome: 'failed' } as const;
  await publish({ ...ended, code: 'gpu.overloaded', expectedWaitMs: 900_000 });
  await expect(asking).rejects.toMatchObject({
    code: 'gpu.overloaded',
    details: { expectedWaitMs: 900_000 },
  });
});

test('a listener that throws keeps nobody else from being served', async () => {
  const job = { lane: LANE, kind: 'reply' as const, userId: 1, messageId: 2, chatId: 1, estimateMs: 1_000 };
  const angry = leases.withLease(
    {
      jobId: 'reply-2-1',
      job,
      signal: new AbortController().signal,
      onWaiting: () => {
        throw new Error('the page is gone');
      },
    },
    () => Promise.resolve(),
  );
  angry.catch(() => undefined);
  const asking = ask((lease) => Promise.resolve(lease.fence));
  await eventually(async () => (await inbox()).length === 2);
  const view = { stage: 'queued', position: 1, etaP50Ms: 1, etaP90Ms: 1, swap: null } as const;
  const reason = { code: 'ahead_in_queue', holder: null } as const;
  await publish({ type: 'job.waiting', jobs: [{ ...view, reason, jobId: 'reply-2-1' }] });
  await storeLease('l1');
  await publish(granted('l1'));
  await expect(asking).resolves.toBe(7);
  await publish({ type: 'job.ended', jobId: 'reply-2-1', outcome: 'failed', code: 'engine.unavailable' });
  await expect(angry).rejects.toMatchObject({ code: 'engine.unavailable' });
});

test('a waiter that leaves cancels its job, and gives a grant that was on its way back at once', async () => {
  const stop = new AbortController();
  const asking = ask(() => Promise.resolve(), stop.signal);
  await submitted();
  stop.abort();
  await expect(asking).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  await eventually(async () => (await redis.sismember(KEYS.cancels, 'reply-1-1')) === 1);
  await storeLease('l1');
  await publish(granted('l1'));
  await eventually(async () => (await leaseState('l1'))[0] === 'released');
  await expect(leaseState('l1')).resolves.toEqual(['released', 'cancelled']);
});

test('a lease that is taken back stops the work, with the reason', async () => {
  const asking = ask(
    (lease) =>
      new Promise((_, reject) => {
        lease.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      }),
  );
  await submitted();
  await storeLease('l1');
  await publish(granted('l1'));
  await eventually(async () => Number(await redis.zscore(KEYS.leases, 'l1')) > 0);
  await publish({ type: 'lease.revoked', jobId: 'reply-1-1', leaseId: 'l1', reason: 'expired' });
  await expect(asking).rejects.toMatchObject({ code: 'gpu.lease_lost' });
});

test('heartbeats put the expiry off; a revoked or expired lease is not brought back by one', async () => {
  const { HolderStore } = await import('./lease.store.ts');
  const store = new HolderStore(redis, NODE);
  await storeLease('l1');
  const before = Number(await redis.zscore(KEYS.leases, 'l1'));
  await eventually(
    async () => (await store.renew('l1')) && Number(await redis.zscore(KEYS.leases, 'l1')) > before,
  );
  await redis.zadd(KEYS.leases, Date.now() - 1, 'l1');
  await expect(store.renew('l1')).resolves.toBe(false);
  await redis.zadd(KEYS.leases, Date.now() + 5_000, 'l1');
  await redis.hset(KEYS.lease('l1'), 'state', 'revoked');
  await expect(store.renew('l1')).resolves.toBe(false);
  await store.release({ leaseId: 'l1', jobId: 'reply-1-1' }, 'completed');
  await expect(leaseState('l1')).resolves.toEqual(['revoked', null]);
  await expect(store.renew('unknown')).resolves.toBe(false);
});

describe('the end of a job is told once, after its submitter has left', () => {
  const cancelledJob = { type: 'job.ended', jobId: 'reply-1-1', outcome: 'cancelled' } as const;

  test('one that waited', async () => {
    const stop = new AbortController();
    const ends: JobEnd[] = [];
    const asking = ask(
      () => Promise.resolve(),
      stop.signal,
      (end) => ends.push(end),
    );
    await submitted();
    stop.abort();
    await expect(asking).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    expect(ends).toEqual([]);
    for (let times = 0; times < 2; times += 1) await publish({ ...cancelledJob, code: 'gpu.job_cancelled' });
    await eventually(() => ends.length > 0);
    expect(ends).toEqual([{ outcome: 'cancelled', isQuiet: true }]);
  });

  test('one that held a lease, even while its work has not noticed yet', async () => {
    const stop = new AbortController();
    const ends: JobEnd[] = [];
    const work = Promise.withResolvers<undefined>();
    const asking = ask(
      () => work.promise,
      stop.signal,
      (end) => ends.push(end),
    );
    await submitted();
    await storeLease('l1');
    await publish(granted('l1'));
    await eventually(async () => Number(await redis.zscore(KEYS.leases, 'l1')) > 0);
    stop.abort();
    await publish({ ...cancelledJob, code: 'gpu.job_cancelled', quiet: false });
    await eventually(() => ends.length > 0);
    expect(ends).toEqual([{ outcome: 'cancelled', isQuiet: false }]);
    work.resolve(undefined);
    await asking.catch(() => undefined);
    expect(ends).toHaveLength(1);
  });

  test('one that was never submitted is over at once', async () => {
    const ends: JobEnd[] = [];
    const asking = ask(
      () => Promise.resolve(),
      AbortSignal.abort(),
      (end) => ends.push(end),
    );
    await expect(asking).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    expect(ends).toEqual([{ outcome: 'cancelled', isQuiet: true }]);
  });
});
