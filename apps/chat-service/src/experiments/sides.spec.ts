import { describe, expect, test } from '@jest/globals';
import { sideOf, type RunningExperiment } from './sides.ts';

const RUNNING: RunningExperiment = { id: 7, model: 'llama3:8b', variant: 'qwen3:8b', share: 30 };

function variants(experiment: RunningExperiment, chats: number): Set<number> {
  const ids = Array.from({ length: chats }, (_, index) => index + 1);
  return new Set(ids.filter((id) => sideOf([experiment], id, experiment.model)?.isVariant === true));
}

describe('the side of a chat', () => {
  test.each([1, 10, 30, 50, 99])('is the variant for %d percent of the chats', (share) => {
    const chats = 40_000;
    const seen = variants({ ...RUNNING, share }, chats).size / chats;
    // Four standard deviations: the seed is fixed, so this holds for good or never did.
    const deviation = Math.sqrt(((share / 100) * (1 - share / 100)) / chats);
    expect(Math.abs(seen - share / 100)).toBeLessThan(4 * deviation);
  });

  test('stays the same, and grows with the share: nobody changes sides but those who join', () => {
    const few = variants({ ...RUNNING, share: 20 }, 2_000);
    const many = variants({ ...RUNNING, share: 60 }, 2_000);
    expect(variants({ ...RUNNING, share: 20 }, 2_000)).toEqual(few);
    expect([...few].every((id) => many.has(id))).toBe(true);
  });

  test('of one comparison says nothing about that of another', () => {
    const [one, other] = [
      variants({ ...RUNNING, share: 50 }, 4_000),
      variants({ ...RUNNING, id: 8, share: 50 }, 4_000),
    ];
    const both = [...one].filter((id) => other.has(id)).length;
    expect(both / 4_000).toBeGreaterThan(0.22);
    expect(both / 4_000).toBeLessThan(0.28);
  });

  test('names the model that answers; the one asked for stays as it was written', () => {
    const [inside] = variants(RUNNING, 100);
    expect(sideOf([RUNNING], inside ?? 0, 'LLAMA3:8b')).toEqual({
      experimentId: 7,
      model: 'qwen3:8b',
      isVariant: true,
    });
    const outside = [1, 2, 3, 4, 5, 6, 7, 8].find((id) => !variants(RUNNING, 8).has(id)) ?? 0;
    expect(sideOf([RUNNING], outside, 'LLAMA3:8b')).toEqual({
      experimentId: 7,
      model: 'LLAMA3:8b',
      isVariant: false,
    });
  });

  test('is none for other models, the variant among them', () => {
    expect(sideOf([RUNNING], 1, 'phi3')).toBeNull();
    expect(sideOf([RUNNING], 1, 'qwen3:8b')).toBeNull();
    expect(sideOf([], 1, 'llama3:8b')).toBeNull();
  });
});
