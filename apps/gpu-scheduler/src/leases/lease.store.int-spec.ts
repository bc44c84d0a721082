import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gpuKeys, type GpuEvent } from '@baton/contracts';
import { startRedis } from '@baton/testing';
import { Redis } from 'ioredis';
import { LeaseStore, type NewLease } from './lease.store.ts';
import { StaleEpoch } from './stale-epoch.ts';

const KEYS = gpuKeys('gpu0');
const ENDED: GpuEvent = { type: 'job.ended', jobId: 'a', outcome: 'completed', code: null };
const REVOKED: GpuEvent = { type: 'lease.revoked', jobId: 'a', leaseId: 'l1', reason: 'expired' };

let redis: Redis;
let store: LeaseStore;

beforeEach(async () => {
  redis = new Redis((await startRedis()).url);
  store = new LeaseStore(redis, 'gpu0');
});
afterEach(() => redis.disconnect());

function lease(ttlMs = 5_000): NewLease {
  const record = { leaseId: 'l1', jobId: 'a', lane: { engine: 'comfyui' as const }, fence: 4, userId: 1 };
  const rest = { kind: 'render' as const, messageId: 1, chatId: 1, lockToken: 'token', grantedAtMs: 1 };
  const event = {
    type: 'lease.granted' as const,
    jobId: 'a',
    leaseId: 'l1',
    fence: 4,
    lane: record.lane,
    ttlMs,
    swap: null,
  };
  return { record: { ...record, ...rest }, ttlMs, event };
}

async function lead(id: string, believed: number | null = null, highest = 0) {
  return store.lead(id, { ttlMs: 60_000, believed, highest });
}

describe('leadership', () => {
  test('one leads, the others do not; whoever leads stays in its epoch', async () => {
    await expect(lead('one')).resolves.toEqual({ isLeader: true, epoch: 1 });
    await expect(lead('two')).resolves.toEqual({ isLeader: false, epoch: 1 });
    await expect(lead('one', 1)).resolves.toEqual({ isLeader: true, epoch: 1 });
  });

  test('a change of leader begins a new epoch, and so does a leader that has lost its memory', async () => {
    await lead('one');
    await store.resign('two');
    await expect(lead('two')).resolves.toMatchObject({ isLeader: false });
    await store.resign('one');
    await expect(lead('two')).resolves.toEqual({ isLeader: true, epoch: 2 });
    await expect(lead('two', null)).resolves.toEqual({ isLeader: true, epoch: 3 });
  });

  test('epochs do not come again when Redis has lost its data', async () => {
    await lead('one');
    await redis.del(KEYS.leader, KEYS.epoch);
    await expect(lead('one', 1, 1)).resolves.toEqual({ isLeader: true, epoch: 2 });
  });
});

describe('a former leader', () => {
  test('is refused by every script, and changes nothing', async () => {
    await lead('one');
    await store.grant(1, lease());
    await store.resign('one');
    await lead('two');
    const before = await redis.xlen(KEYS.events);
    const acts = [
      store.grant(1, lease()),
      store.revoke(1, 'l1', REVOKED),
      store.expired(1),
      store.forget(1, { jobId: 'a', leaseId: 'l1', event: ENDED }),
      store.useFence(1, 99),
      store.publish(1, [ENDED], null),
    ];
    for (const act of acts) await expect(act).rejects.toThrow(StaleEpoch);
    await expect(store.highestFence()).resolves.toBe(4);
    await expect(redis.xlen(KEYS.events)).resolves.toBe(before);
    expect((await store.list())[0]).toMatchObject({ leaseId: 'l1', state: 'live' });
  });
});

describe('a lease', () => {
  beforeEach(async () => {
    await lead('one');
  });

  test('is stored, announced once, and raises the fence', async () => {
    await expect(store.grant(1, lease())).resolves.toBe('granted');
    await expect(store.grant(1, lease())).resolves.toBe('granted');
    await expect(redis.xlen(KEYS.events)).resolves.toBe(1);
    await expect(store.highestFence()).resolves.toBe(4);
    await store.useFence(1, 2);
    await expect(store.highestFence()).resolves.toBe(4);
  });

  test('is not granted to a job whose cancellation was asked for', async () => {
    await redis.sadd(KEYS.cancels, 'a');
    await expect(store.grant(1, lease())).resolves.toBe('cancelled');
    await expect(store.list()).resolves.toEqual([]);
  });

  test('expires by the clock of Redis, and only then', async () => {
    await store.grant(1, lease(60_000));
    await expect(store.expired(1)).resolves.toEqual([]);
    await redis.zadd(KEYS.leases, 1, 'l1');
    await expect(store.expired(1)).resolves.toEqual(['l1']);
  });

  test('is revoked once; one that its holder gave back first stays given back', async () => {
    await store.grant(1, lease());
    await expect(store.revoke(1, 'l1', REVOKED)).resolves.toBe('live');
    await expect(store.revoke(1, 'l1', REVOKED)).resolves.toBe('revoked');
    await redis.hset(KEYS.lease('l1'), 'state', 'released');
    await expect(store.revoke(1, 'l1', REVOKED)).resolves.toBe('released');
    await expect(store.revoke(1, 'l2', REVOKED)).resolves.toBe('gone');
  });

  test('is forgotten together with the wish to cancel its job', async () => {
    await store.grant(1, lease());
    await redis.sadd(KEYS.cancels, 'a');
    await store.forget(1, { jobId: 'a', leaseId: 'l1', event: ENDED });
    await expect(store.list()).resolves.toEqual([]);
    await expect(store.cancels()).resolves.toEqual([]);
    await expect(redis.exists(KEYS.lease('l1'))).resolves.toBe(0);
  });
});
