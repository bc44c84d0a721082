import { expect, test } from '@jest/globals';
import { LoadPace } from './load-pace.ts';

/** Turns that are due every so often; gives what each waits. */
function waits(pace: LoadPace, fromMs: number, everyMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => pace.turn(fromMs + at * everyMs));
}

test('one reply, however quick, and the burst at its beginning wait for nothing', () => {
  const pace = new LoadPace();
  expect(Math.max(...waits(pace, 0, 0.3, 20))).toBe(0);
  expect(Math.max(...waits(pace, 1_000, 10, 500))).toBe(0);
});

test('a loop that turns for each of thousands of tokens turns in steps, until there is less to do', () => {
  const pace = new LoadPace();
  let nowMs = 0;
  let turns = 0;
  for (; nowMs < 1_000; turns += 1) nowMs += pace.turn(nowMs) + 0.25;
  expect(turns).toBeLessThan(600);
  expect(pace.turn(nowMs)).toBeGreaterThan(1);
  expect(waits(pace, nowMs + 50, 50, 10).at(-1)).toBe(0);
});
