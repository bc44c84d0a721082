import { expect, test } from '@jest/globals';
import { fifo, hotFirst, strict } from './baselines.ts';
import { Card } from './card.ts';
import { fixedQuanta } from './fixed-quanta.ts';
import type { PolicyKind } from './policy.ts';
import { Random } from './random.ts';
import { run, type World } from './run.ts';
import { COSTS, IMAGES, LARGE, SMALL, job, world } from './testing.ts';

/** Two chats, two images and a chat for another model, in this order. */
const ARRIVALS = [
  job('c1', SMALL, 0, 5),
  job('i1', IMAGES, 1, 20),
  job('c2', SMALL, 2, 5),
  job('i2', IMAGES, 3, 20),
  job('l1', LARGE, 4, 5),
];

function grantsInS(kind: PolicyKind, at: World): Record<string, number | null> {
  const { records } = run(kind, at, new Random(1));
  return Object.fromEntries(
    records.map(({ job: { id }, grantedMs }) => [id, grantedMs === null ? null : grantedMs / 1_000]),
  );
}

test('fifo swaps for every job that is not of the resident lane', () => {
  // c1 0-5, swap 7, i1 12-32, swap 5, c2 37-42, swap 7, i2 49-69, swap 11, l1 80-85.
  expect(grantsInS(fifo, world(ARRIVALS))).toEqual({ c1: 0, i1: 12, c2: 37, i2: 49, l1: 80 });
});

test('strict priority serves every image before the next chat', () => {
  // c1 0-5, swap 7, i1 12-32, i2 32-52, swap 5, c2 57-62, swap 11, l1 73-78.
  expect(grantsInS(strict, world(ARRIVALS))).toEqual({ c1: 0, i1: 12, i2: 32, c2: 57, l1: 73 });
});

test('hot-first serves what the resident lane can serve, then the oldest job', () => {
  // c1 0-5, c2 5-10, swap 7, i1 17-37, i2 37-57, swap 11, l1 68-73.
  expect(grantsInS(hotFirst, world(ARRIVALS))).toEqual({ c1: 0, c2: 5, i1: 17, i2: 37, l1: 68 });
});

test('fixed quanta end a visit when its time is over and somebody else waits', () => {
  // Images for 30 s: c1 0-5, swap 7, i1 12-32, i2 begins at 32 and runs to its end at 52; then a tour of the chat models.
  expect(grantsInS(fixedQuanta(30, 0), world(ARRIVALS))).toEqual({ c1: 0, i1: 12, i2: 32, c2: 57, l1: 73 });
  // One image a visit; c2 came before i2, so the tour goes to it, and i2 before l1 on the way back.
  expect(grantsInS(fixedQuanta(0, 0), world(ARRIVALS))).toEqual({ c1: 0, i1: 12, c2: 37, i2: 49, l1: 80 });
});

test('chats that share the card slow each other down', () => {
  const two = [job('a', SMALL, 0, 6), job('b', SMALL, 0, 6)];
  const { records, makespanMs } = run(fifo, world(two, { slots: 2, alpha: 0.5 }), new Random(1));
  // Both at 1 / 1.5 of their speed: 9 s.
  expect(records.map(({ endedMs }) => endedMs)).toEqual([9_000, 9_000]);
  expect(makespanMs).toBe(9_000);
});

test('a chat that is joined half way through is slowed down from then on only', () => {
  const two = [job('a', SMALL, 0, 6), job('b', SMALL, 3, 6)];
  const { records } = run(fifo, world(two, { slots: 2, alpha: 1 }), new Random(1));
  // a: 3 s alone, 3 s of work at half speed, ends at 9; b then has 3 s left, alone, ends at 12.
  expect(records.map(({ endedMs }) => endedMs)).toEqual([9_000, 12_000]);
});

test('a hand-over that frees nothing is followed by a hard one', () => {
  const costs = { ...COSTS, failureShare: 1 };
  expect(grantsInS(fifo, world([job('i1', IMAGES, 0, 20)], { costs }))).toEqual({ i1: 7 + 25 });
  const hard = { ...COSTS, isAlwaysHard: true };
  expect(grantsInS(fifo, world([job('i1', IMAGES, 0, 20)], { costs: hard }))).toEqual({ i1: 25 });
});

test('time is accounted to serving, swapping and idling, up to the last end', () => {
  const { account } = run(fifo, world([job('i1', IMAGES, 10, 20)]), new Random(1));
  expect(account).toEqual({
    servingMs: 20_000,
    swappingMs: 7_000,
    idleWithBacklogMs: 0,
    idleMs: 10_000,
    swaps: 1,
  });
});

test('nothing is accounted beyond the horizon', () => {
  const { account } = run(fifo, world([job('i1', IMAGES, 10, 20)], { horizonMs: 20_000 }), new Random(1));
  expect(account).toMatchObject({ servingMs: 3_000, swappingMs: 7_000, idleMs: 10_000 });
});

test('what ends brings about what comes next', () => {
  const afterEnd = ({ id }: { id: string }, endedMs: number) =>
    id === 'c1' ? [job('c2', SMALL, endedMs / 1_000 + 2, 1)] : [];
  expect(grantsInS(fifo, world([job('c1', SMALL, 0, 5)], { afterEnd }))).toEqual({ c1: 0, c2: 7 });
});

test('a policy that can do nothing any more is found out', () => {
  const idle: PolicyKind = {
    name: 'idle',
    create: () => ({
      onArrival: () => [],
      onFinished: () => [],
      onSwapEnded: () => [],
      onWake: () => [],
      wakeAtMs: () => null,
      expectation: () => null,
    }),
  };
  expect(() => run(idle, world([job('c1', SMALL, 0, 5)]), new Random(1))).toThrow('nothing will ever happen');
});

test('the card refuses what a real one could not do', () => {
  const card = new Card({ alpha: 0, slots: 1, resident: SMALL });
  expect(() => card.start(job('i1', IMAGES, 0, 1))).toThrow('not resident');
  card.start(job('c1', SMALL, 0, 1));
  expect(() => card.start(job('c2', SMALL, 0, 1))).toThrow('without a free place');
  expect(() => card.startSwap(IMAGES, 1_000)).toThrow('in use');
});
