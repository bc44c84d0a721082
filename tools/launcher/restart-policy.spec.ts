import { expect, test } from '@jest/globals';
import { afterDeath } from './restart-policy.ts';

test('the first death is answered soon, the next ones later and later', () => {
  expect(afterDeath([0])).toEqual({ do: 'restart', delayMs: 500 });
  expect(afterDeath([0, 1_000])).toEqual({ do: 'restart', delayMs: 1_000 });
  expect(afterDeath([0, 1_000, 3_000])).toEqual({ do: 'restart', delayMs: 2_000 });
});

test('a service that keeps dying is given up', () => {
  expect(afterDeath([0, 1, 2, 3, 4, 5])).toEqual({ do: 'give-up', deaths: 6 });
});

test('a death long after the others starts a new spell', () => {
  expect(afterDeath([0, 1, 2, 3, 4, 500_000])).toEqual({ do: 'restart', delayMs: 500 });
});
