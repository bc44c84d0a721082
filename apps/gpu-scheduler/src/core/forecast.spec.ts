import { describe, expect, test } from '@jest/globals';
import { learn, learnService, learnSwap, noEstimates, serviceBand, swapBand } from './estimates.ts';
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
    onArrival(state, job('i1', IMAGES), 2);
    onArrival(state, job('c2', LLAMA), 3);
    const places = [...forecast(state, 1_000)].map(([id, { position }]) => [id, position]);
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
    const state = holding(startedState(LLAMA));
    for (let n = 0; n < 3_000; n += 1) onArrival(state, job(`c${n}`, LLAMA), 1);
    expect(forecast(state, 2).size).toBe(300);
  });
});

describe('estimates', () => {
  test('what was measured replaces what was guessed, lane by lane', () => {
    const before = noEstimates();
    const after = learnSwap(before, { from: LLAMA, to: IMAGES, ms: 1_000 });
    expect(swapBand(after, LLAMA, IMAGES).mean).toBe(1_000);
    expect(swapBand(after, IMAGES, LLAMA)).toEqual(swapBand(before, IMAGES, LLAMA));
  });

  test('a guess that is always half of the truth is corrected', () => {
    let estimates = noEstimates();
    for (let n = 0; n < 50; n += 1) {
      estimates = learnService(estimates, { engine: 'comfyui', estimateMs: 1_000, ms: 2_000 });
    }
    expect(serviceBand(estimates, 'comfyui', 10_000).mean).toBeCloseTo(20_000, -2);
    expect(serviceBand(estimates, 'ollama', 10_000).mean).toBe(10_000);
  });

  test('the spread of the values is learned with their mean', () => {
    let band = { mean: 0, variance: 0, count: 0 };
    for (let n = 0; n < 400; n += 1) band = learn(band, n % 2 === 0 ? 90 : 110);
    expect(band.mean).toBeGreaterThan(95);
    expect(band.mean).toBeLessThan(105);
    expect(Math.sqrt(band.variance)).toBeGreaterThan(8);
    expect(Math.sqrt(band.variance)).toBeLessThan(12);
  });
});
