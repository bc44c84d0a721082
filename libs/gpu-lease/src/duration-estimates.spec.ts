import { expect, test } from '@jest/globals';
import { DurationEstimates } from './duration-estimates.ts';

test('the first measure replaces the guess, later ones move it a little', () => {
  const estimates = new DurationEstimates(8_000);
  expect(estimates.of('llama3')).toBe(8_000);
  estimates.learn('llama3', 1_000);
  expect(estimates.of('llama3')).toBe(1_000);
  estimates.learn('llama3', 2_000);
  expect(estimates.of('llama3')).toBe(1_200);
  expect(estimates.of('phi3')).toBe(8_000);
});
