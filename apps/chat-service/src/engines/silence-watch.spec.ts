import { expect, test } from '@jest/globals';
import { FakeClock, type AppError } from '@baton/kernel';
import { SilenceWatch } from './silence-watch.ts';

function watched(patienceMs: number): { clock: FakeClock; watch: SilenceWatch; silences: AppError[] } {
  const clock = new FakeClock();
  const silences: AppError[] = [];
  return { clock, silences, watch: new SilenceWatch(clock, patienceMs, (error) => silences.push(error)) };
}

test('silence from the start is noticed when patience ends, once', async () => {
  const { clock, silences } = watched(1_000);
  await clock.advance(999);
  expect(silences).toEqual([]);
  await clock.advance(5_000);
  expect(silences.map(({ code }) => code)).toEqual(['engine.stalled']);
});

test('signs of life put the end off, each by its own patience', async () => {
  const { clock, silences, watch } = watched(10_000);
  for (let n = 0; n < 20; n += 1) {
    await clock.advance(400);
    watch.heard(500);
  }
  expect(silences).toEqual([]);
  await clock.advance(500);
  expect(silences).toHaveLength(1);
});

test('an ended watch leaves no timer', () => {
  const { clock, watch } = watched(1_000);
  watch.heard(500);
  watch.end();
  expect(clock.pendingTimers).toBe(0);
});
