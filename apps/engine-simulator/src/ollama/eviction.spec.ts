import { describe, expect, test } from '@jest/globals';
import { chooseVictim, defaultContextLength, needsReload, seemsToFit } from './eviction.ts';
import type { Evictable } from './eviction.ts';

const MINUTE_MS = 60_000;

describe('who has to leave', () => {
  test('an idle model leaves before a busy one, however short the busy one is kept', () => {
    const busy = { refs: 1, keepAliveMs: 0, blob: 'a' };
    const idle = { refs: 0, keepAliveMs: Infinity, blob: 'b' };
    expect(chooseVictim([busy, idle])).toBe(idle);
  });

  test('of two idle models the one with the shorter keep-alive leaves, then the first by path', () => {
    const long = { refs: 0, keepAliveMs: Infinity, blob: 'a' };
    const short = { refs: 0, keepAliveMs: MINUTE_MS, blob: 'c' };
    const alsoShort = { refs: 0, keepAliveMs: MINUTE_MS, blob: 'b' };
    expect(chooseVictim([long, short])).toBe(short);
    expect(chooseVictim([long, short, alsoShort])).toBe(alsoShort);
    expect(chooseVictim([long, { ...long, blob: 'b' }])).toBe(long);
  });

  test('nobody leaves an empty card', () => {
    expect(chooseVictim<Evictable>([])).toBeUndefined();
  });
});

test('a model must fit into four fifths of what seems free', () => {
  expect(seemsToFit(80, 100)).toBe(true);
  expect(seemsToFit(81, 100)).toBe(false);
});

test('another context length or another load-time option loads anew', () => {
  const loaded = { numCtx: 4_096, others: '{}' };
  expect(needsReload(loaded, { ...loaded })).toBe(false);
  expect(needsReload(loaded, { ...loaded, numCtx: 8_192 })).toBe(true);
  expect(needsReload(loaded, { ...loaded, others: '{"num_gpu":1}' })).toBe(true);
});

test('the default context follows the size of the card', () => {
  expect([8, 24, 48].map((gib) => defaultContextLength(gib * 1_024 ** 3))).toEqual([4_096, 32_768, 262_144]);
});
