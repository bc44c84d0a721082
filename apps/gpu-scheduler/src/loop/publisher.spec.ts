import { expect, test } from '@jest/globals';
import type { GpuEvent, GpuStatus, WaitingView } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import { Publisher } from './publisher.ts';

const STATUS = { node: 'gpu0', phase: 'serving', waiting: 1, at_ms: 0 } as unknown as GpuStatus;

function view(jobId: string, over: Partial<WaitingView> = {}): WaitingView {
  const reason = { code: 'ahead_in_queue', holder: null } as const;
  return {
    jobId,
    stage: 'queued',
    position: 1,
    reason,
    etaP50Ms: 4_000,
    etaP90Ms: 9_000,
    swap: null,
    ...over,
  };
}

function setUp(first: readonly WaitingView[]) {
  const clock = new FakeClock();
  const seen = { views: first, workMs: 0, published: [] as { atMs: number; events: readonly GpuEvent[] }[] };
  const startMs = clock.now();
  const publisher = new Publisher({
    clock: {
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      monotonic: () => clock.monotonic(),
    },
    views: () => [...seen.views],
    status: () => STATUS,
    publish: (events) => {
      seen.published.push({ atMs: clock.now() - startMs, events });
      return Promise.resolve();
    },
    failed: (error) => {
      throw error;
    },
  });
  return { clock, seen, publisher };
}

/** Ids of the jobs that an event speaks of. */
function told(events: readonly GpuEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'job.waiting' ? event.jobs.map(({ jobId }) => jobId) : [],
  );
}

test('a change is told soon, to those whom it concerns', async () => {
  const { clock, seen, publisher } = setUp([view('a'), view('b', { position: 2 })]);
  publisher.changed();
  await clock.advance(100);
  expect(seen.published).toHaveLength(1);
  expect(seen.published[0]?.atMs).toBeLessThanOrEqual(50);
  seen.views = [view('b', { position: 1 })];
  publisher.changed();
  await clock.advance(100);
  expect(told(seen.published[1]?.events ?? [])).toEqual(['b']);
  publisher.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('estimates are told anew once a second; who has none hears of changes only', async () => {
  const far = view('far', { position: null, etaP50Ms: null, etaP90Ms: null });
  const { clock, seen, publisher } = setUp([view('near'), far]);
  publisher.changed();
  await clock.advance(3_500);
  const rounds = seen.published.map(({ events }) => told(events));
  expect(rounds[0]).toEqual(['near', 'far']);
  expect(rounds.slice(1).length).toBeGreaterThanOrEqual(3);
  expect(rounds.slice(1).every((ids) => ids.length === 1 && ids[0] === 'near')).toBe(true);
  publisher.stop();
});
