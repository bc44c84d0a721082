import { expect, test } from '@jest/globals';
import type { JobRecord } from './job.ts';
import { fairness, foresight, measure, quantile, waitsOf } from './metrics.ts';
import { IMAGES, SMALL, job } from './testing.ts';

function record(waitS: number, over: Partial<JobRecord> = {}, userId = 1): JobRecord {
  const done = job('c', SMALL, 100, 10, userId);
  const grantedMs = done.arrivalMs + waitS * 1_000;
  return { job: done, grantedMs, endedMs: grantedMs + done.serviceMs, expected: null, ...over };
}

test('a quantile lies between the two nearest values', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4], 1)).toBe(4);
  expect(quantile([], 0.5)).toBe(0);
});

test('those who were turned away have no wait', () => {
  const waits = waitsOf([record(2), record(4), record(0, { grantedMs: null })]);
  expect(waits).toMatchObject({ count: 2, meanS: 3, maxS: 4 });
});

test('fairness: 1 when everybody is slowed down alike, 1/n when one has everything', () => {
  expect(fairness([record(10, {}, 1), record(10, {}, 2)])).toBeCloseTo(1);
  expect(fairness([record(0, {}, 1), record(1e9, {}, 2)])).toBeCloseTo(0.5);
});

test('foresight: how many waits were within the p90, and how far off the middle was', () => {
  const told = (waitS: number, p50S: number, p90S: number) =>
    record(waitS, { expected: { p50Ms: p50S * 1_000, p90Ms: p90S * 1_000 } });
  const seen = foresight([told(20, 10, 15), told(40, 30, 50), told(5, 1, 9), record(0)]);
  // Errors of the waits over 10 s: 50 % and 25 %.
  expect(seen).toEqual({ count: 3, coverage: 2 / 3, medianError: 0.375 });
  expect(foresight([record(1)])).toBeNull();
});

test("the flooder's images are not others' images", () => {
  const image = (userId: number, waitS: number): JobRecord =>
    record(waitS, { job: job('i', IMAGES, 100, 20, userId) });
  const account = {
    servingMs: 60_000,
    swappingMs: 20_000,
    idleWithBacklogMs: 20_000,
    idleMs: 1_000,
    swaps: 4,
  };
  const result = { records: [image(1, 10), image(9, 500)], account, makespanMs: 90_000 };
  const measures = measure(result, { hours: 2, flooder: 9 });
  expect(measures.image.maxS).toBe(500);
  expect(measures.othersImage.maxS).toBe(10);
  expect(measures).toMatchObject({ useful: 0.6, swapsPerHour: 2, makespanS: 90 });
});
