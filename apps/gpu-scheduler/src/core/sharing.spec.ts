import { describe, expect, test } from '@jest/globals';
import { apply } from './fact.ts';
import {
  onArrival,
  onBacklog,
  onDoorShut,
  onGranted,
  onReleased,
  onSwapAccepted,
  onSwapEnded,
  onTick,
} from './facts.ts';
import { virtualOf, weightAt } from './fairness.ts';
import { nextWakeMs } from './policy.ts';
import type { Effect, GpuState } from './state.ts';
import { IMAGES, LLAMA, QWEN, job, startedState, words } from './testing.ts';

/** Carries out the grants among the effects, returning them as `job reason`. */
function grants(state: GpuState, effects: readonly Effect[], nowMs: number): string[] {
  return effects.flatMap((effect) => {
    if (effect.do !== 'grant') return [];
    onGranted(state, effect.leaseId, 'boot-1', nowMs);
    return [`${effect.job.id} ${effect.reason}`];
  });
}

function finish(state: GpuState, jobId: string, nowMs: number): Effect[] {
  const held = [...state.running.values()].find((running) => running.job.id === jobId);
  if (held === undefined) throw new Error(`${jobId} does not run`);
  onReleased(state, held.leaseId, 'completed');
  return onDoorShut(state, held.leaseId, true, nowMs);
}

function swapDone(state: GpuState, nowMs: number): Effect[] {
  const swapId = state.swap?.id ?? 'none';
  onSwapAccepted(state, swapId);
  return onSwapEnded(state, { swapId, isDone: true, tookMs: 7_000 }, nowMs);
}

describe('a shared visit', () => {
  test('a chat that ends before those who run rides along, one that would take longer does not', () => {
    const state = startedState(LLAMA, { ollamaSlots: 2 });
    grants(state, onArrival(state, job('long', LLAMA, { estimateMs: 60_000 }), 0), 0);
    grants(state, onArrival(state, job('c1', LLAMA, { estimateMs: 20_000 }), 1), 1);
    onArrival(state, job('i1', IMAGES), 2);
    expect(nextWakeMs(state, 3)).toBe(14_000);
    onTick(state, 14_000);
    onArrival(state, job('slow', LLAMA, { userId: 2, estimateMs: 50_000 }), 15_000);
    expect(grants(state, finish(state, 'c1', 20_000), 20_000)).toEqual([]);
    apply(state, { is: 'cancelled', jobId: 'slow' }, 20_001);
    const rides = onArrival(state, job('quick', LLAMA, { userId: 3, estimateMs: 5_000 }), 20_002);
    expect(grants(state, rides, 20_002)).toEqual(['quick rides_along']);
  });

  test('one person does not hold more places than allowed, however many are free', () => {
    const state = startedState(LLAMA, { ollamaSlots: 3, maxRunningPerUser: 1 });
    expect(grants(state, onArrival(state, job('a1', LLAMA), 0), 0)).toEqual(['a1 visit_open']);
    expect(grants(state, onArrival(state, job('a2', LLAMA), 1), 1)).toEqual([]);
    expect(grants(state, onArrival(state, job('b1', LLAMA, { userId: 2 }), 2), 2)).toEqual(['b1 visit_open']);
    expect(grants(state, finish(state, 'a1', 9), 9)).toEqual(['a2 visit_open']);
  });
});

describe('between models', () => {
  test('the change is made when waiting has cost as much as the change costs, not before', () => {
    const state = startedState(LLAMA);
    grants(state, onArrival(state, job('c1', LLAMA), 0), 0);
    for (let n = 2; n < 12; n += 1) onArrival(state, job(`c${n}`, LLAMA), 1);
    onArrival(state, job('q1', QWEN), 2);
    // A swap of 7 s for about ten people against one who waits.
    expect(grants(state, finish(state, 'c1', 30_000), 30_000)).toEqual(['c2 visit_open']);
    expect(words(finish(state, 'c2', 59_000))).toEqual(['finish c2 completed', 'grant c3']);
    onGranted(state, [...state.running.keys()][0] ?? '', 'boot-1', 59_000);
    expect(words(finish(state, 'c3', 75_000))).toContain('swap ollama:main:qwen worth_it');
  });

  test('models with old backlogs take turns with one that has a single new request', () => {
    const state = startedState(QWEN, { maxLaneVisitMs: 1 });
    const other = { key: 'ollama:main:other', engine: 'ollama' } as const;
    grants(state, onArrival(state, job('q0', QWEN), 0), 0);
    for (let n = 1; n < 9; n += 1) {
      onArrival(state, job(`q${n}`, QWEN), n);
      onArrival(state, job(`l${n}`, LLAMA), n);
    }
    onArrival(state, job('o1', other), 20);
    expect(words(finish(state, 'q0', 5_000))).toContain('swap ollama:main:llama worth_it');
    grants(state, swapDone(state, 10_000), 10_000);
    expect(words(finish(state, 'l1', 15_000))).toContain('swap ollama:main:other worth_it');
  });

  test('an idle GPU fetches the model that is asked for more often', () => {
    const state = startedState(LLAMA);
    let nowMs = 0;
    for (let n = 0; n < 20; n += 1) {
      nowMs += 1_000;
      grants(state, onArrival(state, job(`c${n}`, LLAMA), nowMs), nowMs);
      finish(state, `c${n}`, nowMs);
    }
    onArrival(state, job('q1', QWEN), nowMs);
    grants(state, swapDone(state, nowMs), nowMs);
    finish(state, 'q1', nowMs);
    expect(nextWakeMs(state, nowMs)).toBe(nowMs + 10_000);
    expect(words(onTick(state, nowMs + 9_999))).toEqual([]);
    expect(words(onTick(state, nowMs + 10_000))).toEqual(['swap ollama:main:llama return_home']);
  });
});

describe('fairness', () => {
  test('the account is charged with the estimate at the grant and with the truth at the end', () => {
    const state = startedState(LLAMA);
    grants(state, onArrival(state, job('c1', LLAMA, { estimateMs: 8_000 }), 0), 0);
    expect(virtualOf(state, 1)).toBe(8_000);
    finish(state, 'c1', 3_000);
    expect(virtualOf(state, 1)).toBe(3_000);
  });

  test('a newcomer starts level with the least served, and does not wait for all that others have had', () => {
    const state = startedState(IMAGES);
    for (let n = 0; n < 30; n += 1) {
      grants(state, onArrival(state, job(`a${n}`, IMAGES, { estimateMs: 20_000 }), 0), 0);
    }
    grants(state, finish(state, 'a0', 20_000), 20_000);
    for (const n of [1, 2, 3]) {
      onArrival(
        state,
        job(`b${n}`, IMAGES, { userId: 2, submittedAtMs: 21_000, estimateMs: 20_000 }),
        21_000,
      );
    }
    const order: string[] = [];
    let running = 'a1';
    for (let nowMs = 40_000; order.length < 6; nowMs += 20_000) {
      running = grants(state, finish(state, running, nowMs), nowMs)[0]?.split(' ')[0] ?? '';
      order.push(running);
    }
    expect(order).toEqual(['b1', 'a2', 'b2', 'a3', 'b3', 'a4']);
  });

  test('what was used long ago counts less than what was used just now', () => {
    const state = startedState(LLAMA);
    grants(state, onArrival(state, job('old', LLAMA, { userId: 1 }), 0), 0);
    finish(state, 'old', 10_000);
    const laterMs = 3 * state.settings.fairnessHalfLifeMs;
    grants(state, onArrival(state, job('new', LLAMA, { userId: 2 }), laterMs), laterMs);
    finish(state, 'new', laterMs + 5_000);
    expect(virtualOf(state, 2)).toBe(40_000);
    expect(virtualOf(state, 1)).toBe(10_000);
  });

  test('it still does after weeks in which one model served everybody and no time had to be waited for', () => {
    const state = startedState(LLAMA);
    const dayMs = 86_400_000;
    for (let day = 0; day < 30; day += 1) {
      const nowMs = day * dayMs;
      grants(state, onArrival(state, job(`c${day}`, LLAMA, { userId: day }), nowMs), nowMs);
      finish(state, `c${day}`, nowMs + 10_000);
      expect(nextWakeMs(state, nowMs + 10_000)).toBeNull();
    }
    expect(state.accounts.size).toBe(1);
    const beforeMs = weightAt(state, 30 * dayMs);
    expect(weightAt(state, 30 * dayMs + state.settings.fairnessHalfLifeMs)).toBe(2 * beforeMs);
  });
});

describe('admission', () => {
  const refused = (effects: readonly Effect[]): string[] =>
    effects.flatMap((one) =>
      one.do === 'end' ? [`${one.job.id} ${one.ending.code} ${typeof one.expectedWaitMs}`] : [],
    );

  test('one person, and everybody together, may have so many jobs waiting; the rest is told how long it would be', () => {
    const state = startedState(IMAGES, { maxWaitingPerUser: 2, maxWaiting: 3 });
    grants(state, onArrival(state, job('held', IMAGES), 0), 0);
    onArrival(state, job('a1', IMAGES), 1);
    onArrival(state, job('a2', LLAMA), 2);
    expect(refused(onArrival(state, job('a3', IMAGES), 3))).toEqual(['a3 gpu.user_limit number']);
    expect(refused(onArrival(state, job('b1', IMAGES, { userId: 2 }), 4))).toEqual([]);
    expect(refused(onArrival(state, job('c1', IMAGES, { userId: 3 }), 5))).toEqual([
      'c1 gpu.overloaded number',
    ]);
    expect(state.jobs.size).toBe(3);
  });

  test('who would wait too long is told so, while somebody with nothing waiting is still let in', () => {
    const state = startedState(IMAGES, { maxExpectedWaitMs: 600_000 });
    let last: Effect[] = [];
    for (let n = 0; n < 60; n += 1) {
      last = onArrival(state, job(`a${n}`, IMAGES, { estimateMs: 20_000 }), n);
      grants(state, last, n);
    }
    expect(refused(last)).toEqual(['a59 gpu.overloaded number']);
    expect(refused(onArrival(state, job('b1', IMAGES, { userId: 2, estimateMs: 20_000 }), 99))).toEqual([]);
  });

  test('what a new leader finds is never refused, and stands in the order in which it was submitted', () => {
    const state = startedState(IMAGES, { maxWaitingPerUser: 1, maxWaiting: 1, maxExpectedWaitMs: 1 });
    const found = [3, 1, 2].map((at) => job(`a${at}`, IMAGES, { submittedAtMs: at }));
    expect(words(onBacklog(state, found, 9))).toEqual(['grant a1']);
    expect(state.jobs.size).toBe(2);
  });
});
