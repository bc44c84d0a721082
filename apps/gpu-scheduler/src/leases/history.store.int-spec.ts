import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { gpuKeys, type LeaseHistory, type VisitRecord } from '@baton/contracts';
import { startRedis } from '@baton/testing';
import { Redis } from 'ioredis';
import { HistoryStore, type HistoryChange } from './history.store.ts';
import { StaleEpoch } from './stale-epoch.ts';

const KEYS = gpuKeys('gpu0');
const NOTHING: HistoryChange = { over: [], isAnew: false, open: null, leases: [] };

let redis: Redis;
let history: HistoryStore;

beforeEach(async () => {
  redis = new Redis((await startRedis()).url);
  history = new HistoryStore(redis, 'gpu0', 5);
  await redis.set(KEYS.epoch, '1');
});
afterEach(() => redis.disconnect());

function visit(fence: number): VisitRecord {
  const open = { opened_at_ms: fence, closed_at_ms: null, leases: [] };
  return {
    node: 'gpu0',
    fence,
    lane: { engine: 'comfyui', model: null },
    cause: 'tour',
    swap: null,
    failed: null,
    ...open,
  };
}

function lease(id: string, outcome: LeaseHistory['outcome'] = null): LeaseHistory {
  const times = { submitted_at_ms: 1, granted_at_ms: 2, ended_at_ms: outcome === null ? null : 3 };
  const who = { lease_id: id, job_id: `job-${id}`, user_id: 1, kind: 'render', message_id: 1 } as const;
  return { ...who, ...times, reason: 'owed', outcome, code: null, estimate_ms: 5_000 };
}

test('only so many visits are kept, the newest', async () => {
  for (let fence = 1; fence <= 9; fence += 1) await history.write(1, { ...NOTHING, over: [visit(fence)] });
  const { visits, next } = await history.page(undefined, 50);
  expect(visits.map(({ fence }) => fence)).toEqual([9, 8, 7, 6, 5]);
  expect(next).toBeNull();
  expect(await history.page('0-0', 50)).toEqual({ visits: [], next: null });
  expect(await history.page('0-1', 50)).toEqual({ visits: [], next: null });
});

test('a visit of more than 30 days ago is forgotten with the next one that ends', async () => {
  const dayMs = 86_400_000;
  for (const [fence, days] of [
    [1, 31],
    [2, 29],
  ] as const) {
    const id = `${Date.now() - days * dayMs}-0`;
    await redis.xadd(KEYS.history, id, 'data', JSON.stringify(visit(fence)));
  }
  await history.write(1, { ...NOTHING, over: [visit(3)] });
  expect((await history.page(undefined, 50)).visits.map(({ fence }) => fence)).toEqual([3, 2]);
});

test('the visit under way is found with its leases by whoever leads next, and replaced as a whole', async () => {
  const open = { record: visit(1), swapId: null };
  await history.write(1, { ...NOTHING, isAnew: true, open, leases: [lease('a'), lease('b')] });
  await history.write(1, { ...NOTHING, open, leases: [lease('a', 'completed')] });
  const found = await new HistoryStore(redis, 'gpu0', 5).open();
  expect(found?.record.leases.map(({ lease_id, outcome }) => [lease_id, outcome]).sort()).toEqual([
    ['a', 'completed'],
    ['b', null],
  ]);
  await history.write(1, {
    ...NOTHING,
    over: [visit(1)],
    isAnew: true,
    open: { record: visit(2), swapId: 's' },
    leases: [],
  });
  await expect(history.open()).resolves.toEqual({ record: visit(2), swapId: 's' });
});

test('a former leader writes nothing', async () => {
  await redis.set(KEYS.epoch, '2');
  const change = { over: [visit(1)], isAnew: true, open: { record: visit(2), swapId: null }, leases: [] };
  await expect(history.write(1, change)).rejects.toThrow(StaleEpoch);
  await expect(history.page(undefined, 5)).resolves.toEqual({ visits: [], next: null });
  await expect(history.open()).resolves.toBeNull();
});

test('what another version wrote is left out', async () => {
  await history.write(1, { ...NOTHING, over: [visit(1)] });
  await redis.xadd(KEYS.history, '*', 'data', '{"version":99}');
  await redis.hset(KEYS.visit, 'visit', '{"version":99}');
  expect((await history.page(undefined, 5)).visits).toEqual([visit(1)]);
  await expect(history.open()).resolves.toBeNull();
});
