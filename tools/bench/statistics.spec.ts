import { expect, test } from '@jest/globals';
import { drift, estimate, median, quantile } from './statistics.ts';

/** Numerical Recipes' linear congruential generator: the same draws in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test('a quantile lies between its two nearest values, whatever their order', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(quantile([10, 0, 20], 0.75)).toBe(15);
  expect(quantile([7], 0.99)).toBe(7);
  expect(() => median([])).toThrow(RangeError);
});

test('an interval holds the figure and narrows when the rounds agree', () => {
  const noisy = estimate([1, 2, 3, 4, 5, 6, 7, 8, 9], median, seeded(1));
  const calm = estimate([5, 5.1, 4.9, 5, 5.1, 4.9, 5, 5, 5], median, seeded(1));
  expect(noisy.value).toBe(5);
  expect(noisy.low).toBeLessThan(5);
  expect(noisy.high).toBeGreaterThan(5);
  expect(calm.high - calm.low).toBeLessThan((noisy.high - noisy.low) / 10);
});

test('drift compares the two halves of a run in either direction', () => {
  expect(drift([10, 10, 10, 13, 13, 13])).toBeCloseTo(0.3);
  expect(drift([13, 13, 13, 10, 10, 10])).toBeCloseTo(0.3);
  expect(drift([10, 10, 99, 10, 10])).toBe(0);
});
