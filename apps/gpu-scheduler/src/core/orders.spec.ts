import { describe, expect, test } from '@jest/globals';
import { apply } from './fact.ts';
import {
  onArrival,
  onDoorShut,
  onGranted,
  onReleased,
  onSwapAccepted,
  onSwapEnded,
  onTick,
} from './facts.ts';
import { onNodeAway } from './node.ts';
import type { Effect, GpuState, Order } from './state.ts';
import { IMAGES, LLAMA, QWEN, job, report, startedState, words } from './testing.ts';

function order(state: GpuState, over: Partial<Order>, nowMs: number): string[] {
  return words(
    apply(state, { is: 'ordered', order: { id: 'o1', to: IMAGES, force: false, ...over } }, nowMs),
  );
}

function hold(state: GpuState, effects: readonly Effect[], nowMs: number): string {
  const grant = effects.find((effect) => effect.do === 'grant');
  if (grant?.do !== 'grant') throw new Error(`no grant in ${words(effects).join(', ')}`);
  onGranted(state, grant.leaseId, 'boot-1', nowMs);
  return grant.leaseId;
}

function release(state: GpuState, leaseId: string, nowMs: number): string[] {
  onReleased(state, leaseId, 'completed');
  return words(onDoorShut(state, leaseId, true, nowMs));
}

function swapEnded(state: GpuState, isDone: boolean, nowMs: number): Effect[] {
  const swapId = state.swap?.id ?? 'none';
  onSwapAccepted(state, swapId);
  return onSwapEnded(state, { swapId, isDone, tookMs: 5_000 }, nowMs);
}

test('an order for the lane that has the GPU is done at once, told twice it is done once', () => {
  const state = startedState(LLAMA);
  expect(order(state, { to: LLAMA }, 1)).toEqual(['order o1 done']);
  expect(order(state, { to: LLAMA }, 2)).toEqual([]);
});

test('an order on an idle GPU is carried out, and the GPU stays where it was put', () => {
  const state = startedState(LLAMA);
  expect(order(state, {}, 1)).toEqual(['swap comfyui by_hand']);
  expect(words(swapEnded(state, true, 10))).toEqual(['order o1 done']);
  expect(words(onTick(state, 86_400_000))).toEqual([]);
});

test('an order waits its turn: who was there before it is served first, who came later is not', () => {
  const state = startedState(LLAMA);
  const lease = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
  onArrival(state, job('c2', LLAMA), 1);
  expect(order(state, {}, 20_000)).toEqual([]);
  onArrival(state, job('c3', LLAMA), 20_001);
  expect(release(state, lease, 25_000)).toEqual(['finish c1 completed', 'grant c2']);
  const second = [...state.running.keys()][0] ?? '';
  onGranted(state, second, 'boot-1', 25_000);
  expect(release(state, second, 29_000)).toEqual(['finish c2 completed', 'swap comfyui by_hand']);
  expect(words(swapEnded(state, true, 32_000))[0]).toBe('order o1 done');
});

test('a forced order takes the leases back and lets nobody in before its swap', () => {
  const state = startedState(LLAMA, { ollamaSlots: 2 });
  const lease = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
  onArrival(state, job('c2', LLAMA), 1);
  expect(order(state, { force: true }, 2)).toEqual([`close ${lease} visit_over`]);
  const second = [...state.running.keys()][1] ?? '';
  onArrival(state, job('c3', LLAMA), 3);
  expect(words(onDoorShut(state, lease, true, 4))).toEqual(['finish c1 gpu.lease_lost']);
  expect(words(onGranted(state, second, 'boot-1', 5))).toEqual([`close ${second} visit_over`]);
  expect(words(onDoorShut(state, second, true, 6))).toEqual([
    'finish c2 gpu.lease_lost',
    'swap comfyui by_hand',
  ]);
  expect(words(swapEnded(state, true, 9_000))).toEqual([
    'order o1 done',
    'swap ollama:main:llama job_waiting',
  ]);
});

test('a newer order takes the place of an older one', () => {
  const state = startedState(LLAMA);
  hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
  order(state, {}, 1);
  expect(order(state, { id: 'o2', to: QWEN }, 2)).toEqual(['order o1 superseded']);
});

test('an order whose swap fails has failed, at the first time', () => {
  const state = startedState(LLAMA);
  order(state, {}, 1);
  expect(words(swapEnded(state, false, 2))).toEqual(['order o1 engine.unavailable']);
  expect(words(onTick(state, 600_000))).toEqual(['swap ollama:main:llama return_home']);
});

test('an order does not wait for ever for a node that is away', () => {
  const state = startedState(LLAMA);
  onNodeAway(state, 1_000);
  expect(order(state, {}, 2_000)).toEqual([]);
  expect(words(onTick(state, 301_999))).toEqual([]);
  expect(words(onTick(state, 302_000))).toEqual(['order o1 gpu.wait_too_long']);
});

describe('a model that was taken off the card by hand', () => {
  test('leaves the GPU to nobody: it does not come back by itself, and whoever wants it brings it back', () => {
    const state = startedState(LLAMA);
    expect(apply(state, { is: 'unloaded', laneKey: LLAMA.key }, 2)).toEqual([]);
    expect(state.visit).toBeNull();
    expect(words(onTick(state, 86_400_000))).toEqual([]);
    expect(words(onArrival(state, job('b', LLAMA), 86_400_001))).toEqual([`swap ${LLAMA.key} job_waiting`]);
  });

  test('changes nothing where another lane has the GPU, or is about to get it', () => {
    const state = startedState(LLAMA);
    apply(state, { is: 'unloaded', laneKey: QWEN.key }, 2);
    expect(state.visit?.lane).toEqual(LLAMA);
    order(state, { to: QWEN }, 3);
    expect(apply(state, { is: 'unloaded', laneKey: LLAMA.key }, 4)).toEqual([]);
    expect(state.swap?.to).toEqual(QWEN);
  });

  test('does not come back by a report that was asked for before and still names it', () => {
    const state = startedState(LLAMA);
    const old = report(state, LLAMA);
    apply(state, { is: 'unloaded', laneKey: LLAMA.key }, 2);
    apply(state, { is: 'nodeReported', report: old }, 3);
    expect(state.visit).toBeNull();
  });
});
