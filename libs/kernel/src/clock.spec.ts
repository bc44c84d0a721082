import { expect, test } from '@jest/globals';
import { FakeClock, pause } from './clock.ts';

test('timers fire in order of time, chained waits within one advance', async () => {
  const clock = new FakeClock(0);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.now()}`));
  clock.after(10, () => seen.push(`a@${clock.now()}`));
  const chained = pause(clock, 15)
    .then(() => pause(clock, 15))
    .then(() => seen.push(`c@${clock.now()}`));
  await clock.advance(29);
  expect(seen).toEqual(['a@10', 'b@20']);
  await clock.advance(1);
  await chained;
  expect(seen).toEqual(['a@10', 'b@20', 'c@30']);
  expect(clock.pendingTimers).toBe(0);
});

test('an aborted pause rejects with the reason and leaves no timer', async () => {
  const clock = new FakeClock(0);
  const controller = new AbortController();
  const waiting = pause(clock, 1_000, controller.signal);
  controller.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
  expect(clock.pendingTimers).toBe(0);
  await expect(pause(clock, 1, controller.signal)).rejects.toThrow('stop');
});
