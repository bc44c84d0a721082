import { expect, test } from '@jest/globals';
import { SimulatedClock } from './clock.ts';

test('time goes on without a jump when the speed changes', () => {
  const clock = new SimulatedClock();
  clock.speed = 1_000;
  const before = clock.nowMs();
  clock.speed = 0.001;
  const after = clock.nowMs();
  expect(after).toBeGreaterThanOrEqual(before);
  expect(after - before).toBeLessThan(1_000);
  expect(clock.nowMs() - after).toBeLessThan(1);
});

test('an hour passes in an instant at the right speed', async () => {
  const clock = new SimulatedClock();
  clock.speed = 100_000;
  const start = clock.nowMs();
  await clock.sleep(3_600_000);
  expect(clock.nowMs() - start).toBeGreaterThanOrEqual(3_400_000);
});

test('a sleep ends with the reason of its signal, also when that came first', async () => {
  const clock = new SimulatedClock();
  const leaving = new AbortController();
  const asleep = clock.sleep(1_000_000, leaving.signal);
  leaving.abort(new Error('left'));
  await expect(asleep).rejects.toThrow('left');
  await expect(clock.sleep(0, leaving.signal)).rejects.toThrow('left');
});
