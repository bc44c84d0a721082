import { describe, expect, test } from '@jest/globals';
import { AppError, FakeClock } from '@baton/kernel';
import { causeUnderLease, guardRefusal } from './engine-failure.ts';

describe('a failure under a lease', () => {
  test('that is a cut connection, told before the loss of the lease, is the lost lease', async () => {
    const clock = new FakeClock();
    const lease = new AbortController();
    const cause = causeUnderLease(new AppError('engine.truncated'), lease, clock);
    await clock.advance(100);
    lease.abort(new AppError('gpu.lease_lost'));
    await expect(cause).resolves.toMatchObject({ code: 'gpu.lease_lost' });
    expect(clock.pendingTimers).toBe(0);
  });

  test('that is a cut connection stays one when the lease is kept', async () => {
    const clock = new FakeClock();
    const error = new AppError('engine.unavailable');
    const cause = causeUnderLease(error, new AbortController(), clock);
    await clock.advance(250);
    await expect(cause).resolves.toBe(error);
  });

  test('that the engine tells is told at once', async () => {
    const error = new AppError('engine.out_of_memory');
    await expect(causeUnderLease(error, new AbortController(), new FakeClock())).resolves.toBe(error);
  });

  test('after the lease ended is the end of the lease, for whatever reason that is', async () => {
    const lease = new AbortController();
    lease.abort(new Error('no AppError'));
    await expect(causeUnderLease(new Error('x'), lease, new FakeClock())).resolves.toMatchObject({
      code: 'gpu.lease_lost',
    });
  });
});

test.each([
  ['gpu.stale_fence', 'gpu.lease_lost'],
  ['gpu.lease_required', 'gpu.lease_lost'],
  ['engine.unavailable', 'engine.unavailable'],
])('the guard’s %s is %s to a holder', (code, ours) => {
  expect(guardRefusal(code, {})).toMatchObject({ code: ours });
});

test('what carries no code of ours is no refusal of the guard', () => {
  expect(guardRefusal(404, {})).toBeNull();
  expect(guardRefusal(undefined, {})).toBeNull();
});
