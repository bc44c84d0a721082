import { expect, test } from '@jest/globals';
import { loadConfig } from '@baton/platform/config';
import { schedulerEnv, toConfig } from './config.ts';
import { onArrival } from './core/facts.ts';
import { IMAGES, SETTINGS, job, startedState } from './core/testing.ts';
import { LEADERSHIP_RENEW_MS, LEADERSHIP_TTL_MS } from './leases/leadership.ts';

const REQUIRED = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  BATON_INTERNAL_SECRET: 'a secret of sixteen or more',
  PROCESS_MANAGER_ADDRESS: '127.0.0.1:8889',
};

test('without any GPU variable images are the more urgent ones, and a turn of theirs lasts two minutes', () => {
  const { settings } = toConfig(loadConfig(schedulerEnv, REQUIRED)).scheduler;
  expect(settings.priority.comfyui).toBeGreaterThan(settings.priority.ollama);
  expect(settings.maxTurnMs.comfyui).toBe(120_000);
  expect(settings.ollamaSlots).toBe(1);
  expect(settings.restoreHome).toBe(true);
});

test('the specs and the policy simulator use what runs when nothing is configured', () => {
  expect(toConfig(loadConfig(schedulerEnv, REQUIRED)).scheduler.settings).toEqual(SETTINGS);
});

test('one person may ask for two hundred images at once, with nothing configured', () => {
  const state = startedState(IMAGES);
  for (let n = 0; n < 200; n += 1) {
    const effects = onArrival(state, job(`i${n}`, IMAGES, { estimateMs: 30_000 }), 0);
    expect(effects.some((effect) => effect.do === 'end')).toBe(false);
  }
});

test('bad values are named, all of them', () => {
  const bad = { ...REQUIRED, GPU_PRIORITY_OLLAMA: 'high', OLLAMA_MAX_CONCURRENT: '0' };
  expect(() => loadConfig(schedulerEnv, bad)).toThrow(
    /GPU_PRIORITY_OLLAMA[^]*OLLAMA_MAX_CONCURRENT|OLLAMA_MAX_CONCURRENT[^]*GPU_PRIORITY_OLLAMA/,
  );
});

test('a leader may miss two renewals before somebody else can lead', () => {
  expect(LEADERSHIP_RENEW_MS * 3).toBeLessThan(LEADERSHIP_TTL_MS);
});
