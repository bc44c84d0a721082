import { describe, expect, test } from '@jest/globals';
import type { TFunction } from 'i18next';
import { en } from '../i18n/en.ts';
import { sayEta, sayReason } from './waiting-words.ts';

/** The key and what is put into it. */
const t = ((key: string, values: object = {}) =>
  [key, ...Object.values(values)].join(' ')) as unknown as TFunction;

const HOLDER = { engine: 'comfyui', model: null } as const;

describe('why somebody waits', () => {
  test('each reason of the contract has a sentence, and so has one that was not told', () => {
    expect(en.reply.reason).toHaveProperty('none_told');
    expect(sayReason(null, t)).toBe('reply.reason.none_told');
    expect(sayReason({ code: 'swap_under_way', holder: null }, t)).toBe('reply.reason.swap_under_way');
  });

  test('the engine that is at work is named when it is known', () => {
    expect(sayReason({ code: 'other_engine_busy', holder: HOLDER }, t)).toMatch(/other_engine_busy ComfyUI$/);
    expect(sayReason({ code: 'other_engine_busy', holder: null }, t)).toMatch(/other_engine_busy_unknown$/);
  });
});

describe('how long somebody will wait', () => {
  test('a band has both ends, one number stands alone, and without an estimate nothing is said', () => {
    expect(sayEta({ p50Ms: 41_000, p90Ms: 68_000 }, 'en', t)).toBe('reply.eta_band 40s 1m\u00a010s');
    expect(sayEta({ p50Ms: 8_000, p90Ms: 8_000 }, 'en', t)).toBe('reply.eta 8s');
    expect(sayEta({ p50Ms: null, p90Ms: null }, 'en', t)).toBeNull();
  });
});
