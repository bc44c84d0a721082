import { expect, test } from '@jest/globals';
import { schedulerEnv, toConfig } from '../config.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

test('what is simulated is what runs when nothing is configured', () => {
  const env = schedulerEnv.parse({
    REDIS_URL: 'redis://127.0.0.1:6379',
    BATON_INTERNAL_SECRET: 'a secret of the test',
    PROCESS_MANAGER_ADDRESS: '127.0.0.1:4000',
  });
  expect(DEFAULT_SETTINGS).toEqual(toConfig(env).scheduler.settings);
});
