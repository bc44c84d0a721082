import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LaneQueue, type WaitingJob } from './lane-queue.ts';
import { LLAMA } from './testing.ts';

const NOBODY_AGED = { agedBeforeMs: Number.NEGATIVE_INFINITY, without: [] };

function waiting(seq: number, userId: number): WaitingJob {
  return { id: `j${seq}`, lane: LLAMA, userId, estimateMs: 1_000, submittedAtMs: seq, seq };
}

/** What the tree must answer, by looking at everything. */
function leastByHand(
  jobs: readonly WaitingJob[],
  virtual: ReadonlyMap<number, number>,
  throughSeq: number,
): string | null {
  const heads = new Map<number, WaitingJob>();
  for (const job of jobs.toSorted((one, other) => one.seq - other.seq)) {
    if (!heads.has(job.userId)) heads.set(job.userId, job);
  }
  const found = [...heads.values()].filter(({ seq }) => seq <= throughSeq);
  const rank = ({ userId }: WaitingJob): number => virtual.get(userId) ?? 0;
  found.sort((one, other) => rank(one) - rank(other) || one.seq - other.seq);
  return found[0]?.id ?? null;
}

test('the next one is the least served of those who had arrived, whatever came, went and was charged before', () => {
  const step = fc.record({ act: fc.nat(4), user: fc.nat(6), at: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = new LaneQueue(LLAMA);
      const virtual = new Map<number, number>();
      let jobs: WaitingJob[] = [];
      steps.forEach(({ act, user, at }, seq) => {
        const job = jobs[at % Math.max(1, jobs.length)];
        if (act <= 1) {
          jobs.push(waiting(seq, user));
          queue.add(waiting(seq, user), virtual.get(user) ?? 0);
        } else if (act === 2 && job !== undefined) {
          expect(queue.remove(job)).toBe(true);
          expect(queue.remove(job)).toBe(false);
          jobs = jobs.filter((other) => other !== job);
        } else if (act === 3) {
          virtual.set(user, at);
          queue.rerank(user, at);
        }
        const throughSeq = seq - (at % 10);
        const next = queue.next({ ...NOBODY_AGED, throughSeq });
        expect(next?.job.id ?? null).toBe(leastByHand(jobs, virtual, throughSeq));
        expect(queue.size).toBe(jobs.length);
        expect(queue.oldestSeq()).toBe(Math.min(...jobs.map((one) => one.seq)));
        expect(queue.oldest()?.seq ?? Number.POSITIVE_INFINITY).toBe(queue.oldestSeq());
      });
    }),
    { numRuns: 60, seed: 20261126 },
  );
});

test('who has been passed over long enough goes first, and it is said so only when fairness would have chosen another', () => {
  const queue = new LaneQueue(LLAMA);
  queue.add(waiting(1, 1), 100);
  queue.add(waiting(2, 2), 5);
  const all = { throughSeq: 9, without: [] };
  expect(queue.next({ ...all, agedBeforeMs: 1 })).toMatchObject({ job: { id: 'j2' }, isAged: false });
  expect(queue.next({ ...all, agedBeforeMs: 2 })).toMatchObject({ job: { id: 'j1' }, isAged: true });
  queue.rerank(1, 0);
  expect(queue.next({ ...all, agedBeforeMs: 2 })).toMatchObject({ job: { id: 'j1' }, isAged: false });
});

test('a user who holds as many leases as allowed is passed over, without being forgotten', () => {
  const queue = new LaneQueue(LLAMA);
  queue.add(waiting(1, 1), 0);
  queue.add(waiting(2, 2), 7);
  expect(queue.next({ ...NOBODY_AGED, throughSeq: 9, without: [1] })?.job.id).toBe('j2');
  expect(queue.next({ ...NOBODY_AGED, throughSeq: 9, without: [1, 2] })).toBeNull();
  expect(queue.next({ ...NOBODY_AGED, throughSeq: 9, without: [] })?.job.id).toBe('j1');
});

test('a copy goes its own way and leaves the original as it was', () => {
  const queue = new LaneQueue(LLAMA);
  for (let seq = 1; seq <= 40; seq += 1) queue.add(waiting(seq, seq % 3), 0);
  const copy = queue.copy();
  for (let left = 40; left > 0; left -= 1) {
    const next = copy.next({ ...NOBODY_AGED, throughSeq: 99 });
    if (next === null) throw new Error('somebody is missing');
    copy.served(next.job.userId, 5);
    copy.remove(next.job);
    copy.rerank(next.job.userId, left);
  }
  expect(copy.size).toBe(0);
  expect(queue.size).toBe(40);
  expect([...queue.jobs()].map(({ seq }) => seq).sort((one, other) => one - other)[0]).toBe(1);
  expect(queue.next({ ...NOBODY_AGED, throughSeq: 99 })?.job.id).toBe('j1');
});
