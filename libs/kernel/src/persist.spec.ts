import { expect, test } from '@jest/globals';
import { FakeClock } from './clock.ts';
import { untilItWorks, type Persistence } from './persist.ts';

function persistence(clock: FakeClock, outages: unknown[], signal: AbortSignal): Persistence {
  return { clock, firstPauseMs: 100, longestPauseMs: 300, signal, onOutage: (error) => outages.push(error) };
}

test('what fails is tried again with growing pauses until it works, and the outage is told once', async () => {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const outages: unknown[] = [];
  const triedAt: number[] = [];
  const work = untilItWorks(
    () => {
      triedAt.push(clock.now() - startedAt);
      return triedAt.length < 5 ? Promise.reject(new Error('away')) : Promise.resolve('done');
    },
    persistence(clock, outages, new AbortController().signal),
  );
  await clock.advance(1_000);
  await expect(work).resolves.toBe('done');
  expect(triedAt).toEqual([0, 100, 300, 600, 900]);
  expect(outages).toHaveLength(1);
});

test('whoever gives up is not kept waiting, and leaves no timer', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const work = untilItWorks(() => Promise.reject(new Error('away')), persistence(clock, [], stop.signal));
  const given = expect(work).rejects.toThrow('closing');
  await clock.advance(150);
  stop.abort(new Error('closing'));
  await given;
  expect(clock.pendingTimers).toBe(0);
});
