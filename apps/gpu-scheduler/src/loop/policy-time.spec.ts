import { expect, test } from '@jest/globals';
import { PolicyTime } from './policy-time.ts';

test('the time of a term goes forward at its own pace, whatever happens to the wall clock', () => {
  const clock = { wall: 1_000_000, ran: 500.25, now: () => clock.wall, monotonic: () => clock.ran };
  const time = new PolicyTime(clock);
  expect(time.now()).toBe(1_000_000);
  clock.wall -= 3_600_000;
  clock.ran += 40;
  expect(time.now()).toBe(1_000_040);
  clock.wall += 7_200_000;
  clock.ran += 0.5;
  expect(time.now()).toBeGreaterThanOrEqual(1_000_040);
  expect(Number.isInteger(time.now())).toBe(true);
});
