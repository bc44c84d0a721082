import { describe, expect, test } from '@jest/globals';
import { TRIES, isAskedAgain, pauseAfter } from './batch-plan.ts';

describe('an item of a batch that failed', () => {
  test.each(['gpu.user_limit', 'gpu.overloaded', 'gpu.wait_too_long', 'reply.interrupted'])(
    'with %s is asked again for as long as it takes',
    (code) => {
      expect(isAskedAgain(code, 1_000)).toBe(true);
    },
  );

  test.each(['engine.unavailable', 'engine.out_of_memory', 'gpu.swap_failed'])(
    'with %s is asked a few times',
    (code) => {
      expect(isAskedAgain(code, TRIES - 1)).toBe(true);
      expect(isAskedAgain(code, TRIES)).toBe(false);
    },
  );

  test.each(['engine.rejected', 'model.unknown', 'reply.not_json', 'no.code_of_ours'])(
    'with %s has failed',
    (code) => {
      expect(isAskedAgain(code, 1)).toBe(false);
    },
  );

  test('is asked again after a pause that grows to a minute', () => {
    expect([0, 1, 2, 3, 7, 50].map(pauseAfter)).toEqual([1_000, 1_000, 2_000, 4_000, 60_000, 60_000]);
  });
});
