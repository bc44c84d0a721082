import { expect, test } from '@jest/globals';
import { PromptProgress } from './progress.ts';

function passing(
  steps: readonly { value: number; atMs: number; hasPicture?: boolean }[],
  max: number,
): number[] {
  const progress = new PromptProgress('p');
  return steps
    .filter(({ value, atMs, hasPicture = false }) =>
      progress.passes('9', { value, max, hasPicture, nowMs: atMs }),
    )
    .map(({ value }) => value);
}

test('progress comes at most every 100 ms, but the first and the last always', () => {
  const steps = Array.from({ length: 10 }, (_, at) => ({ value: at + 1, atMs: at * 30 }));
  expect(passing(steps, 10)).toEqual([1, 5, 9, 10]);
});

test('progress that moves less than half a percent is held back, however slow', () => {
  const steps = Array.from({ length: 8 }, (_, at) => ({ value: at + 1, atMs: at * 1_000 }));
  expect(passing(steps, 1_000)).toEqual([1, 6]);
});

test('progress with a picture always passes', () => {
  const steps = [1, 2, 3].map((value) => ({ value, atMs: value, hasPicture: true }));
  expect(passing(steps, 100)).toEqual([1, 2, 3]);
});

test('a node that counted ends at its own maximum, another at one', () => {
  const progress = new PromptProgress('p');
  progress.start('1');
  progress.finish('1');
  progress.start('2');
  progress.update('2', 3, 4);
  progress.finish('2');
  expect(progress.state().nodes).toMatchObject({
    1: { value: 1, max: 1, state: 'finished' },
    2: { value: 4, max: 4, state: 'finished' },
  });
});
