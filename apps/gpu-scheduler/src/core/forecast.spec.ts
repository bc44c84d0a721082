import { describe, expect, test } from '@jest/globals';
import { learnSwap } from './estimates.ts';
import { onArrival, onGranted } from './facts.ts';
import { forecast } from './forecast.ts';
import type { GpuState } from './state.ts';
import { IMAGES, LLAMA, job, startedState } from './testing.ts';

function holding(state: GpuState): GpuState {
  const [grant] = onArrival(state, job('held', LLAMA, { estimateMs: 6_000 }), 0);
  if (grant?.do === 'grant') onGranted(state, grant.leaseId, 'boot-1', 0);
  return state;
}

describe('forecast', () => {
  test('places are those of the policy: owed chats before the image, later chats behind it', () => {
    const state = holding(startedState(LLAMA));
    onArrival(state, job('c1', LLAMA), 1);
    onArrival(state, job('i1', IMAGES), 20_000);
    onArrival(state, job('c2', LLAMA), 20_001);
    const places = [...forecast(state, 20_002)].map(([id, { position }]) => [id, position]);
    expect(places).toEqual([
      ['c1', 1],
      ['i1', 2],
      ['c2', 3],
    ]);
  });

  test('waits add up what is left of the work before, the work between and the swaps', () => {
    const state = holding(startedState(LLAMA));
    state.estimates = learnSwap(state.estimates, { from: LLAMA, to: IMAGES, ms: 4_000 });
    onArrival(state, job('c1', LLAMA, { estimateMs: 5_000 }), 1);
    onArrival(state, job('i1', IMAGES), 2);
    const expected = forecast(state, 1_000);
    expect(expected.get('c1')?.p50Ms).toBe(5_000);
    expect(expected.get('i1')?.p50Ms).toBe(5_000 + 5_000 + 4_000);
    for (const { p50Ms, p90Ms } of expected.values()) expect(p90Ms).toBeGreaterThan(p50Ms);
  });

  test('work that takes longer than expected is expected to end soon, not to have ended', () => {
    const state = holding(startedState(LLAMA));
    onArrival(state, job('c1', LLAMA), 1);
    const wait = forecast(state, 60_000).get('c1')?.p50Ms ?? 0;
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThan(5_000);
  });

  test('nothing is promised while the node is away', () => {
    const state = startedState(LLAMA);
    state.node.isPresent = false;
    onArrival(state, job('c1', LLAMA), 1);
    expect(forecast(state, 2).size).toBe(0);
  });

  test('a flood costs no more than the places that somebody can see', () => {
    const state = holding(startedState(LLAMA, { maxWaitingPerUser: 0, maxExpectedWaitMs: 0 }));
    for (let n = 0; n < 3_000; n += 1) onArrival(state, job(`c${n}`, LLAMA), 1);
    expect(forecast(state, 2).size).toBe(300);
  });
});
