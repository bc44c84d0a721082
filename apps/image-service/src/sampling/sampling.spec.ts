import { describe, expect, test } from '@jest/globals';
import { samplerSettings } from '@baton/contracts';
import { settingsFor, type SamplingQuestion } from './sampling.ts';
import { sizeLike } from './size-like.ts';

function ask(question: Partial<SamplingQuestion>) {
  return settingsFor({ kind: 'image', wanted: {}, proposed: null, usualSteps: 20, ...question });
}

describe('settings', () => {
  test('of a picture from words are the usual ones, whatever a model proposes', () => {
    const { settings, by } = ask({ kind: 'text', proposed: { denoise: 0.2, steps: 5 } });
    expect(settings).toEqual({
      cfg: 1,
      guidance: 3.5,
      sampler: 'euler',
      scheduler: 'simple',
      steps: 20,
      denoise: 1,
    });
    expect(by).toBe('default');
  });

  test.each([
    ['as it says', { denoise: 0.62, steps: 26 }, { denoise: 0.62, steps: 26 }],
    ['not more than Flux takes', { denoise: 5, steps: 1_000 }, { denoise: 0.9, steps: 30 }],
    ['not less than Flux needs', { denoise: -1, steps: 0 }, { denoise: 0.3, steps: 25 }],
    ['in whole steps', { denoise: 0.5555, steps: 26.4 }, { denoise: 0.56, steps: 26 }],
  ])('of a picture out of another are the model’s, %s', (_, proposed, expected) => {
    const { settings, by } = ask({ proposed });
    expect(settings).toMatchObject(expected);
    expect(by).toBe('model');
    expect(samplerSettings.safeParse(settings).success).toBe(true);
  });

  test.each([[null], [{ denoise: Number.NaN, steps: 26 }], [{ denoise: 0.6, steps: Infinity }]])(
    'are sane ones when the model says %j',
    (proposed) => {
      expect(ask({ proposed })).toMatchObject({ settings: { denoise: 0.6, steps: 28 }, by: 'default' });
    },
  );

  test('that the user chose stand beside the model’s', () => {
    const { settings, by } = ask({
      proposed: { denoise: 0.7, steps: 26 },
      wanted: { denoise: 0.4, guidance: 2 },
    });
    expect(settings).toMatchObject({ denoise: 0.4, steps: 26, guidance: 2 });
    expect(by).toBe('user');
  });
});

describe('a size like another one', () => {
  test.each([
    [2_000, 1_000, 1_024, 512],
    [1_000, 2_000, 512, 1_024],
    [600, 400, 608, 400],
    [4_096, 100, 1_024, 256],
    [50, 50, 256, 256],
  ])('of %i × %i is %i × %i', (width, height, expectedWidth, expectedHeight) => {
    expect(sizeLike({ width, height }, 1_024)).toEqual({ width: expectedWidth, height: expectedHeight });
  });
});
