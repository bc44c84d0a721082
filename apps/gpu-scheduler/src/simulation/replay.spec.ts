import { expect, test } from '@jest/globals';
import type { VisitRecord } from '@baton/contracts';
import { renderReplay } from './replay-report.ts';
import { readHistory, replay } from './replay.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const START_MS = 1_790_000_000_000;
const at = (s: number): number => START_MS + s * 1_000;

interface Work {
  readonly id: string;
  readonly submittedS: number;
  readonly grantedS: number;
  readonly endedS: number | null;
}

function visit(
  fence: number,
  model: string | null,
  swapS: number | null,
  work: readonly Work[],
): VisitRecord {
  const lane: VisitRecord['lane'] =
    model === null ? { engine: 'comfyui', model: null } : { engine: 'ollama', model };
  const from: VisitRecord['lane'] =
    model === null ? { engine: 'ollama', model: 'llama' } : { engine: 'comfyui', model: null };
  return {
    node: 'gpu0',
    fence,
    lane,
    cause: swapS === null ? null : 'job_waiting',
    swap:
      swapS === null
        ? null
        : {
            id: `swap-${fence}`,
            from,
            to: lane,
            phases: [
              { phase: 'drain', ms: 3_000 },
              { phase: 'load', ms: swapS * 1_000 },
            ],
            total_ms: 3_000 + swapS * 1_000,
          },
    failed: null,
    opened_at_ms: at(work[0]?.grantedS ?? 0),
    closed_at_ms: null,
    leases: work.map(({ id, submittedS, grantedS, endedS }) => ({
      lease_id: id,
      job_id: id,
      user_id: 1,
      kind: model === null ? 'render' : 'reply',
      message_id: 1,
      reason: 'visit_open',
      submitted_at_ms: at(submittedS),
      granted_at_ms: at(grantedS),
      ended_at_ms: endedS === null ? null : at(endedS),
      outcome: endedS === null ? null : 'completed',
      code: null,
      estimate_ms: 5_000,
    })),
  };
}

/** As a first-in-first-out scheduler would have done it: a chat, an image, a chat, with swaps of 7 and 5 s. */
const VISITS = [
  visit(3, 'llama', 5, [
    { id: 'c2', submittedS: 2, grantedS: 37, endedS: 42 },
    { id: 'c3', submittedS: 41, grantedS: 42, endedS: null },
  ]),
  visit(2, null, 7, [{ id: 'i1', submittedS: 1, grantedS: 12, endedS: 32 }]),
  visit(1, 'llama', null, [{ id: 'c1', submittedS: 0, grantedS: 0, endedS: 5 }]),
];

test('recorded arrivals are played under another policy, beside what really happened', () => {
  const report = replay(VISITS, { settings: DEFAULT_SETTINGS, policies: ['fifo', 'hot-first'] });
  expect(report).toMatchObject({ jobs: 3, unfinished: 1, slots: 1 });
  expect(report.recorded.chat).toMatchObject({ count: 2, maxS: 35 });
  expect(report.recorded.image.maxS).toBe(11);
  const [fifo, hot] = report.policies;
  // The swaps without their draining: fifo is what was recorded.
  expect(fifo?.measures.chat.maxS).toBe(35);
  expect(fifo?.measures.image.maxS).toBe(11);
  // c1 0-5, c2 5-10, swap 7, i1 at 17.
  expect(hot?.measures.chat.maxS).toBe(3);
  expect(hot?.measures.image.maxS).toBe(16);
});

test('the table shows both, and what was left out', () => {
  const text = renderReplay(replay(VISITS, { settings: DEFAULT_SETTINGS, policies: ['hot-first'] }));
  expect(text).toContain('Replay of 3 jobs');
  expect(text).toContain('1 unfinished left out');
  expect(text).toMatch(/as it was +11 +11 +11 +18 /);
  expect(text).toMatch(/hot-first +16 +16 +16 +1\.5 /);
});

test('chats that held leases at the same time may do so in the replay', () => {
  const both = visit(1, 'llama', null, [
    { id: 'c1', submittedS: 0, grantedS: 0, endedS: 5 },
    { id: 'c2', submittedS: 1, grantedS: 1, endedS: 6 },
  ]);
  const report = replay([both], { settings: DEFAULT_SETTINGS, policies: ['fifo', 'ours'] });
  expect(report.slots).toBe(2);
  for (const { measures } of report.policies) expect(measures.chat.maxS).toBe(0);
});

test('a file holds one page or just the visits', () => {
  expect(readHistory(JSON.stringify(VISITS))).toHaveLength(3);
  expect(readHistory(JSON.stringify({ visits: VISITS, next: null }))).toHaveLength(3);
});

test.each([
  ['{"visits": [', 'not JSON'],
  ['[{"node": "gpu0"}]', 'visits.0.fence'],
  ['{"pages": []}', 'visits'],
])('%s: refused with the field that is wrong', (text, message) => {
  expect(() => readHistory(text)).toThrow(message);
});

test('a history without finished work is refused', () => {
  expect(() => replay([], { settings: DEFAULT_SETTINGS, policies: ['fifo'] })).toThrow('no finished work');
});
