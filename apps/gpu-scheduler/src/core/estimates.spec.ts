import { expect, test } from '@jest/globals';
import {
  estimatesFrom,
  learnPromise,
  learnService,
  learnSwap,
  noEstimates,
  promiseCorrection,
  serviceBand,
  swapBand,
} from './estimates.ts';
import { IMAGES, LLAMA, QWEN } from './testing.ts';
import { addSample, quantile, typical, WINDOW_SIZE, type Window } from './window.ts';

const RENDER = { lane: IMAGES, kind: 'render', estimateMs: 1_000 };

test('what was measured replaces what was guessed, and what is new starts from what is known of the engine', () => {
  const before = noEstimates();
  const after = learnSwap(before, { from: LLAMA, to: IMAGES, ms: 1_000 });
  expect(swapBand(after, LLAMA, IMAGES).mean).toBe(1_000);
  const chats = learnSwap(after, { from: IMAGES, to: LLAMA, ms: 9_000 });
  expect(swapBand(chats, IMAGES, LLAMA).mean).toBe(9_000);
  expect(swapBand(chats, IMAGES, QWEN).mean).toBe(9_000);
});

test('a guess that is always half of the truth is corrected, by lane and kind of work', () => {
  let estimates = noEstimates();
  for (let n = 0; n < 50; n += 1) {
    estimates = learnService(estimates, RENDER, 2_000);
    estimates = learnService(estimates, { ...RENDER, kind: 'prompting' }, 500);
  }
  expect(serviceBand(estimates, { ...RENDER, estimateMs: 10_000 }).mean).toBeCloseTo(20_000, -2);
  expect(serviceBand(estimates, { ...RENDER, kind: 'prompting' }).mean).toBeCloseTo(500, -1);
  expect(serviceBand(estimates, { lane: LLAMA, estimateMs: 10_000 }).mean).toBe(10_000);
});

test('where jobs say how much work they are, that goes before the guess', () => {
  let estimates = noEstimates();
  for (let n = 1; n <= 8; n += 1) {
    estimates = learnService(estimates, { ...RENDER, workUnits: n * 10 }, n * 10_000);
  }
  expect(serviceBand(estimates, { ...RENDER, workUnits: 100 }).mean).toBeCloseTo(100_000, -1);
});

test('a window forgets its oldest values, and knows its quantiles', () => {
  let window: Window | undefined;
  for (let n = 0; n < WINDOW_SIZE; n += 1) window = addSample(window, 1_000);
  for (let n = 1; n <= WINDOW_SIZE; n += 1) window = addSample(window, n);
  expect(Math.max(...(window?.values ?? []))).toBe(WINDOW_SIZE);
  expect(quantile(window?.values ?? [], 0.5)).toBe((1 + WINDOW_SIZE) / 2);
  expect(typical(window)?.mean).toBeCloseTo((1 + WINDOW_SIZE) / 2, 5);
});

test('promises that always come out late are made later', () => {
  let estimates = noEstimates();
  expect(promiseCorrection(estimates, 'ollama').late).toBeCloseTo(1, 0);
  for (let n = 0; n < 60; n += 1) estimates = learnPromise(estimates, 'ollama', 2 + (n % 3));
  expect(promiseCorrection(estimates, 'ollama').middle).toBe(3);
  expect(promiseCorrection(estimates, 'ollama').late).toBe(4);
  expect(promiseCorrection(estimates, 'comfyui').middle).toBeCloseTo(0, 0);
});

test('what was learned survives being stored as text, and nonsense is as good as nothing', () => {
  let estimates = learnService(noEstimates(), RENDER, 2_345.678);
  estimates = learnSwap(estimates, { from: null, to: LLAMA, ms: 4_321 });
  expect(estimatesFrom(JSON.parse(JSON.stringify(estimates)))).toEqual(estimates);
  for (const nonsense of [
    null,
    7,
    'x',
    {},
    { version: 2 },
    { version: 1, ratios: { a: { values: ['b'] } } },
  ]) {
    expect(estimatesFrom(nonsense)).toEqual(noEstimates());
  }
});

test('models that nobody uses any more are forgotten', () => {
  let estimates = noEstimates();
  for (let n = 0; n < 300; n += 1) {
    estimates = learnSwap(estimates, {
      from: LLAMA,
      to: { key: `ollama:main:m${n}`, engine: 'ollama' },
      ms: 1_000,
    });
  }
  expect(Object.keys(estimates.swapMs).length).toBeLessThanOrEqual(64);
  expect(JSON.stringify(estimates).length).toBeLessThan(40_000);
});
