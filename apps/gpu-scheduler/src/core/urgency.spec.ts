import { describe, expect, test } from '@jest/globals';
import { onArrival, onCancel, onDoorShut, onGranted, onReleased, onSwapEnded, onTick } from './facts.ts';
import { virtualOf } from './fairness.ts';
import { forecast } from './forecast.ts';
import { nextWakeMs } from './policy.ts';
import type { Effect, GpuState } from './state.ts';
import { IMAGES, LLAMA, QWEN, job, startedState, words } from './testing.ts';
import { waitingReason } from './waiting-reason.ts';

/** Carries out the grants among the effects; the effects as words. */
function carryOut(state: GpuState, effects: readonly Effect[], nowMs: number): string[] {
  for (const effect of effects) if (effect.do === 'grant') onGranted(state, effect.leaseId, 'boot-1', nowMs);
  return words(effects);
}

function arrive(state: GpuState, id: string, over: Partial<ReturnType<typeof job>>, nowMs: number): string[] {
  const arrival = job(id, over.lane ?? LLAMA, { submittedAtMs: nowMs, ...over });
  return carryOut(state, onArrival(state, arrival, nowMs), nowMs);
}

function finish(state: GpuState, jobId: string, nowMs: number): string[] {
  const held = [...state.running.values()].find((running) => running.job.id === jobId);
  if (held === undefined) throw new Error(`${jobId} does not run`);
  onReleased(state, held.leaseId, 'completed');
  return carryOut(state, onDoorShut(state, held.leaseId, true, nowMs), nowMs);
}

function swapDone(state: GpuState, nowMs: number): string[] {
  const swapId = state.swap?.id ?? 'none';
  return carryOut(state, onSwapEnded(state, { swapId, isDone: true, tookMs: 7_000 }, nowMs), nowMs);
}

const BACKGROUND = { urgency: 'background' } as const;
const CHORE = { urgency: 'chore' } as const;

describe('background work', () => {
  test('goes on an idle GPU at once; whoever comes goes first from the next grant on', () => {
    const state = startedState(LLAMA);
    expect(arrive(state, 'b1', { ...BACKGROUND, userId: 9 }, 0)).toEqual(['grant b1']);
    expect(arrive(state, 'b2', { ...BACKGROUND, userId: 9 }, 1)).toEqual([]);
    expect(arrive(state, 'c1', { userId: 9 }, 2)).toEqual([]);
    expect(finish(state, 'b1', 5_000)).toEqual(['finish b1 completed', 'grant c1']);
    expect(finish(state, 'c1', 9_000)).toEqual(['finish c1 completed', 'grant b2']);
  });

  test('leaves a place free where a visit has several', () => {
    const state = startedState(LLAMA, { ollamaSlots: 3 });
    for (const id of ['b1', 'b2', 'b3']) arrive(state, id, BACKGROUND, 0);
    expect(state.running.size).toBe(2);
    expect(arrive(state, 'c1', { userId: 2 }, 1)).toEqual(['grant c1']);
    expect(state.running.size).toBe(3);
  });

  test('takes the GPU to another model only when nobody has asked for a while, and wakes for that', () => {
    const state = startedState(LLAMA);
    arrive(state, 'c1', {}, 60_000);
    arrive(state, 'b1', { ...BACKGROUND, lane: QWEN }, 61_000);
    expect(finish(state, 'c1', 65_000)).toEqual(['finish c1 completed']);
    expect(nextWakeMs(state, 65_000)).toBe(75_000);
    expect(words(onTick(state, 74_999))).toEqual([]);
    expect(words(onTick(state, 75_000))).toEqual(['swap ollama:main:qwen job_waiting']);
    expect(swapDone(state, 82_000)).toEqual(['grant b1']);
  });

  test('closes no gate: chats go on while it waits for another model', () => {
    const state = startedState(LLAMA);
    arrive(state, 'b1', { ...BACKGROUND, lane: QWEN }, 0);
    let nowMs = 1_000;
    arrive(state, 'c0', {}, nowMs);
    for (let n = 1; n < 60; n += 1) {
      arrive(state, `c${n}`, {}, nowMs + 1);
      nowMs += 5_000;
      expect(finish(state, `c${n - 1}`, nowMs)).toEqual([`finish c${n - 1} completed`, `grant c${n}`]);
    }
    expect(state.visit?.gate).toBeNull();
  });

  test('a swap for it is left behind unused when somebody needs another lane meanwhile', () => {
    const state = startedState(LLAMA);
    onTick(state, 60_000);
    expect(arrive(state, 'b1', { ...BACKGROUND, lane: QWEN }, 60_000)).toEqual([
      'swap ollama:main:qwen job_waiting',
    ]);
    arrive(state, 'c1', {}, 61_000);
    expect(swapDone(state, 67_000)).toEqual(['swap ollama:main:llama job_waiting']);
  });

  test('of two models takes turns, as other work does', () => {
    const state = startedState(LLAMA, { maxLaneVisitMs: 1 });
    onTick(state, 60_000);
    for (const id of ['l1', 'l2', 'l3']) arrive(state, id, BACKGROUND, 60_000);
    arrive(state, 'q1', { ...BACKGROUND, lane: QWEN }, 60_001);
    expect(finish(state, 'l1', 65_000)).toContain('swap ollama:main:qwen worth_it');
  });

  test('that has waited long enough takes its turn with the others, one of a lane at a time and not before all of them', () => {
    const state = startedState(LLAMA, { backgroundAgedMs: 100_000 });
    arrive(state, 'c0', { userId: 1 }, 0);
    for (const id of ['b1', 'b2']) arrive(state, id, { ...BACKGROUND, userId: 9 }, 1);
    arrive(state, 'c1', { userId: 2 }, 2);
    expect(nextWakeMs(state, 3)).toBe(100_001);
    onTick(state, 100_001);
    expect(state.jobs.get('b1')?.isAged).toBe(true);
    expect(state.jobs.get('b2')?.isAged).toBeUndefined();
    expect(finish(state, 'c0', 100_100)).toContain('grant c1');
    arrive(state, 'c2', { userId: 1 }, 100_200);
    expect(finish(state, 'c1', 100_300)).toContain('grant b1');
    onTick(state, 100_301);
    expect(state.jobs.get('b2')?.isAged).toBe(true);
  });

  test('counts against its owner, and keeps them from chatting neither by number nor by level', () => {
    const state = startedState(LLAMA, { maxWaitingPerUser: 2 });
    for (const id of ['b1', 'b2', 'b3']) arrive(state, id, { ...BACKGROUND, userId: 9 }, 0);
    expect(arrive(state, 'b4', { ...BACKGROUND, userId: 9 }, 1)).toEqual(['end b4 gpu.user_limit']);
    expect(arrive(state, 'c2', { userId: 2 }, 2)).toEqual([]);
    expect(arrive(state, 'c9', { userId: 9 }, 3)).toEqual([]);
    // Not lifted to the level of somebody who only has background work here.
    expect([virtualOf(state, 9), virtualOf(state, 2)]).toEqual([5_000, 0]);
    expect(finish(state, 'b1', 6_000)).toContain('grant c2');
  });

  test('is neither load nor demand, and its waiting teaches no forecast', () => {
    const state = startedState(LLAMA);
    arrive(state, 'c1', {}, 0);
    const before = JSON.stringify([state.load, state.demand]);
    arrive(state, 'b1', BACKGROUND, 1);
    arrive(state, 'c2', {}, 1);
    const loaded = JSON.stringify([state.load, state.demand]);
    expect(loaded).not.toBe(before);
    arrive(state, 'b2', { ...BACKGROUND, lane: QWEN }, 1);
    expect(JSON.stringify([state.load, state.demand])).toBe(loaded);
    const expected = forecast(state, 2);
    expect([...expected.keys()]).toEqual(['c2', 'b1', 'b2']);
    expect([...state.promises.keys()]).toEqual(['c2']);
  });

  test('says that it gives way, and what else keeps it', () => {
    const state = startedState(LLAMA);
    arrive(state, 'c1', {}, 0);
    arrive(state, 'b1', { ...BACKGROUND, lane: QWEN }, 1);
    const b1 = state.jobs.get('b1');
    if (b1 === undefined) throw new Error('b1 does not wait');
    expect(waitingReason(state, b1)).toEqual({ code: 'gives_way', holder: LLAMA });
    expect(waitingReason(state, { ...b1, isAged: true })).toEqual({
      code: 'other_engine_busy',
      holder: LLAMA,
    });
  });

  test('a lane that does not come up ends it too', () => {
    const state = startedState(null, { maxSwapFailures: 1 });
    onTick(state, 60_000);
    arrive(state, 'b1', { ...BACKGROUND, lane: QWEN }, 60_000);
    const swapId = state.swap?.id ?? 'none';
    expect(words(onSwapEnded(state, { swapId, isDone: false, tookMs: null }, 61_000))).toEqual([
      'end b1 engine.unavailable',
    ]);
  });
});

describe('a chore', () => {
  test('takes a place of its lane that nobody wants, and nothing else', () => {
    const state = startedState(LLAMA);
    expect(arrive(state, 't1', CHORE, 0)).toEqual(['grant t1']);
    expect(arrive(state, 't2', CHORE, 1)).toEqual([]);
    arrive(state, 'b1', BACKGROUND, 2);
    expect(finish(state, 't1', 3_000)).toEqual(['finish t1 completed', 'grant b1']);
    expect(finish(state, 'b1', 8_000)).toEqual(['finish b1 completed', 'grant t2']);
  });

  test('for a lane that is not there moves nothing, however long it waits', () => {
    const state = startedState(LLAMA);
    expect(arrive(state, 't1', { ...CHORE, lane: IMAGES }, 0)).toEqual([]);
    for (let nowMs = 0; nowMs < 7_200_000; nowMs += 60_000) expect(onTick(state, nowMs)).toEqual([]);
    expect(words(onCancel(state, 't1', 7_200_000))).toEqual(['end t1 gpu.job_cancelled']);
  });

  test('does not keep the GPU from going home', () => {
    const state = startedState(LLAMA);
    arrive(state, 'i1', { lane: IMAGES }, 0);
    swapDone(state, 7_000);
    finish(state, 'i1', 20_000);
    arrive(state, 't1', { ...CHORE, lane: QWEN }, 20_500);
    arrive(state, 't2', { ...CHORE, lane: IMAGES }, 21_000);
    expect(state.running.size).toBe(1);
    arrive(state, 't3', { ...CHORE, lane: IMAGES }, 21_100);
    // It went on beyond the time to go home: no other one is let in, and home it goes.
    expect(nextWakeMs(state, 23_000)).toBeNull();
    expect(finish(state, 't2', 24_000)).toEqual([
      'finish t2 completed',
      'swap ollama:main:llama return_home',
    ]);
  });

  test('makes up for no service: a visit that was chosen by hand stays until it is used', () => {
    const state = startedState(LLAMA);
    arrive(state, 't1', CHORE, 0);
    finish(state, 't1', 1_000);
    expect(state.visit?.served).toBe(0);
  });

  test('is not counted among the requests that its owner has waiting', () => {
    const state = startedState(LLAMA, { maxWaitingPerUser: 1 });
    arrive(state, 'c1', {}, 0);
    for (const id of ['t1', 't2', 't3']) expect(arrive(state, id, CHORE, 1)).toEqual([]);
    expect(arrive(state, 'c2', {}, 2)).toEqual([]);
    expect(arrive(state, 'c3', {}, 3)).toEqual(['end c3 gpu.user_limit']);
  });
});
