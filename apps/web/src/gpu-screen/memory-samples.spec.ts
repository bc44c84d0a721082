import { describe, expect, test } from '@jest/globals';
import { chartPoints, type CardSample } from './memory-samples.ts';

const sample = (of: Partial<CardSample>): CardSample => ({
  at_ms: 1_000,
  used_mib: 0,
  total_mib: 24_576,
  foreign_mib: null,
  owner: null,
  ...of,
});

describe('the points of the memory chart', () => {
  test('what the owner uses and what strangers use add up to what is in use', () => {
    const [point] = chartPoints([sample({ used_mib: 10_240, foreign_mib: 2_048, owner: 'comfyui' })]);
    expect(point).toEqual({ atMs: 1_000, ollama: 0, comfyui: 8, nobody: 0, foreign: 2 });
  });

  test('strangers are never told to use more than is in use', () => {
    const [point] = chartPoints([sample({ used_mib: 1_024, foreign_mib: 4_096, owner: 'ollama' })]);
    expect(point).toMatchObject({ ollama: 0, foreign: 1 });
  });

  test('a long history is thinned out and keeps its peaks', () => {
    const samples = Array.from({ length: 2_000 }, (_, index) =>
      sample({ at_ms: index, used_mib: index === 777 ? 20_480 : 1_024 }),
    );
    const points = chartPoints(samples);
    expect(points.length).toBeLessThanOrEqual(240);
    expect(Math.max(...points.map(({ nobody }) => nobody))).toBe(20);
  });

  test('without samples there are no points', () => {
    expect(chartPoints([])).toEqual([]);
  });
});
