import { expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { AwayWatch, MOVE_AFTER_MS } from './away-watch.ts';

function setUp(over: { readonly withdraw?: () => Promise<boolean> } = {}) {
  const clock = new FakeClock(0);
  const seen = { isBetterOff: true, isBroken: false, withdrawn: [] as number[] };
  const watch = new AwayWatch({
    clock,
    isBetterOff: () =>
      seen.isBroken ? Promise.reject(new Error('away')) : Promise.resolve(seen.isBetterOff),
    withdraw: over.withdraw ?? (() => Promise.resolve(true)),
    withdrawn: () => seen.withdrawn.push(clock.now()),
  });
  return { clock, seen, watch };
}

test('a job leaves a node that stays away, once, and not before it has stayed away for a while', async () => {
  const { clock, seen, watch } = setUp();
  await clock.advance(MOVE_AFTER_MS);
  expect(seen.withdrawn).toEqual([]);
  await clock.advance(60_000);
  expect(seen.withdrawn).toHaveLength(1);
  expect(watch.isWithdrawing).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a node that comes back in time keeps its jobs', async () => {
  const { clock, seen, watch } = setUp();
  for (let n = 0; n < 10; n += 1) {
    await clock.advance(MOVE_AFTER_MS - 10_000);
    seen.isBetterOff = false;
    await clock.advance(10_000);
    seen.isBetterOff = true;
  }
  expect(seen.withdrawn).toEqual([]);
  watch.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('a job that is being worked on stays where it is', async () => {
  const { clock, seen, watch } = setUp({ withdraw: () => Promise.resolve(false) });
  await clock.advance(120_000);
  expect(seen.withdrawn).toEqual([]);
  expect(watch.isWithdrawing).toBe(false);
  watch.stop();
});

test('while Redis cannot be asked nothing is moved', async () => {
  const { clock, seen, watch } = setUp();
  seen.isBroken = true;
  await clock.advance(120_000);
  expect(seen.withdrawn).toEqual([]);
  watch.stop();
  expect(clock.pendingTimers).toBe(0);
});
