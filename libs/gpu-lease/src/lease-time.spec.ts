import { expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { LeaseTime } from './lease-time.ts';

const LANE = { engine: 'ollama', model: 'llama3' } as const;

test('the time to the first sign of work and the whole time are told, the wait included', async () => {
  const clock = new FakeClock();
  const time = new LeaseTime(clock, LANE, { timeline: { queuedMs: 500.4, swap: null } });
  await clock.advance(30);
  expect(time.heard()).toBe(true);
  await clock.advance(20);
  expect(time.heard()).toBe(false);
  expect(time.entry()).toEqual({ lane: LANE, queued_ms: 500, swap: null, first_ms: 30, total_ms: 550 });
});

test('a use in which nothing was heard says so', () => {
  const time = new LeaseTime(new FakeClock(), LANE, { timeline: { queuedMs: 0, swap: null } });
  expect(time.entry()).toMatchObject({ first_ms: null, total_ms: 0 });
});
