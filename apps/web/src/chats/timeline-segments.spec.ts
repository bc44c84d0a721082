import { describe, expect, test } from '@jest/globals';
import type { TimelineEntry } from '@baton/contracts';
import { timelineSegments, timelineTotals } from './timeline-segments.ts';

const entry: TimelineEntry = {
  lane: { engine: 'ollama', model: 'llama3' },
  queued_ms: 7_000,
  swap: {
    id: 's1',
    from: { engine: 'comfyui', model: null },
    to: { engine: 'ollama', model: 'llama3' },
    phases: [
      { phase: 'drain', ms: 500 },
      { phase: 'free', ms: 1_500 },
      { phase: 'load', ms: 3_000 },
    ],
    total_ms: 5_000,
  },
  first_ms: 400,
  total_ms: 10_000,
};

describe('where the time of an answer went', () => {
  test('the parts are in order and add up to the whole', () => {
    const segments = timelineSegments(entry);
    expect(segments.map(({ kind }) => kind)).toEqual(['queued', 'drain', 'free', 'load', 'first', 'work']);
    expect(segments.reduce((sum, { ms }) => sum + ms, 0)).toBe(entry.total_ms);
  });

  test('parts that took no time are left out', () => {
    const hot: TimelineEntry = { ...entry, queued_ms: 0, swap: null, first_ms: null, total_ms: 800 };
    expect(timelineSegments(hot)).toEqual([{ kind: 'work', ms: 800 }]);
  });

  test('a swap that was measured longer than the wait never shows a negative time', () => {
    const skewed: TimelineEntry = { ...entry, queued_ms: 4_990 };
    expect(timelineSegments(skewed).every(({ ms }) => ms > 0)).toBe(true);
  });

  test('a picture sums its two turns on the GPU', () => {
    expect(timelineTotals([entry, { ...entry, queued_ms: 1_000, total_ms: 3_000 }], 13_500)).toEqual({
      waitedMs: 8_000,
      totalMs: 13_000,
    });
    expect(timelineTotals([entry], null)).toEqual({ waitedMs: 7_000, totalMs: 10_000 });
  });

  test('several pictures that wait side by side take no longer than has passed', () => {
    const picture = (queuedMs: number): TimelineEntry => ({
      ...entry,
      queued_ms: queuedMs,
      total_ms: queuedMs + 6_000,
    });
    expect(timelineTotals([picture(1_000), picture(7_000), picture(13_000)], 19_500)).toEqual({
      waitedMs: 1_500,
      totalMs: 19_500,
    });
  });
});
