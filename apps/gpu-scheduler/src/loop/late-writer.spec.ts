import { expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { LateWriter } from './late-writer.ts';

function setUp() {
  const clock = new FakeClock(0);
  const seen = { news: 0, written: [] as number[], failures: 0, isBroken: false };
  const gate: { promise: Promise<unknown> } = { promise: Promise.resolve() };
  const writer = new LateWriter({
    clock,
    gatherMs: 100,
    isChanged: () => seen.news > 0,
    write: async () => {
      const news = seen.news;
      seen.news = 0;
      await gate.promise;
      if (seen.isBroken) throw new Error('away');
      seen.written.push(news);
    },
    failed: () => (seen.failures += 1),
  });
  const change = (): void => {
    seen.news += 1;
    writer.changed();
  };
  return { clock, seen, gate, writer, change };
}

test('what changes together is written together, a while later', async () => {
  const { clock, seen, change } = setUp();
  change();
  change();
  await clock.advance(99);
  expect(seen.written).toEqual([]);
  await clock.advance(1);
  expect(seen.written).toEqual([2]);
  await clock.advance(1_000);
  expect(seen.written).toEqual([2]);
});

test('one write at a time; what changes meanwhile is written after it', async () => {
  const { clock, seen, gate, change } = setUp();
  const slow = Promise.withResolvers<null>();
  gate.promise = slow.promise;
  change();
  await clock.advance(100);
  change();
  await clock.advance(1_000);
  expect(seen.written).toEqual([]);
  slow.resolve(null);
  await clock.advance(200);
  expect(seen.written).toEqual([1, 1]);
});

test('at the end what is left is written at once, and nothing after that', async () => {
  const { clock, seen, writer, change } = setUp();
  change();
  await writer.stop();
  expect(seen.written).toEqual([1]);
  change();
  await clock.advance(1_000);
  expect(seen.written).toEqual([1]);
  expect(clock.pendingTimers).toBe(0);
});

test('for a reader it is written at once; a failure is told once', async () => {
  const { clock, seen, writer, change } = setUp();
  change();
  await writer.flush();
  expect(seen.written).toEqual([1]);
  expect(clock.pendingTimers).toBe(0);
  seen.isBroken = true;
  change();
  await clock.advance(100);
  expect(seen.failures).toBe(1);
});
