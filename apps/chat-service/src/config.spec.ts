import { expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const REQUIRED = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  BATON_INTERNAL_SECRET: 'a secret of some length',
  PROCESS_MANAGER_ADDRESS: '127.0.0.1:9000',
  IMAGE_SERVICE_ADDRESS: '127.0.0.1:9001',
  IMAGE_SERVICE_URL: 'http://127.0.0.1:9002',
};

test('without any setting of its own everything has a working value', () => {
  const config = readConfig(REQUIRED);
  expect(config.database.config.dialect).toBe('sqlite');
  expect(config.models.defaultModel).toBe('gpt-oss:20b');
  expect(config.replies.firstTokenMs).toBeGreaterThan(config.replies.stallMs);
});

test.each([
  ['-1', -1],
  ['300', 300],
  ['30m', '30m'],
  ['1h30m', '1h30m'],
])('OLLAMA_KEEP_ALIVE=%s reaches Ollama as it understands it', (given, keepAlive) => {
  expect(readConfig({ ...REQUIRED, OLLAMA_KEEP_ALIVE: given }).replies.keepAlive).toBe(keepAlive);
});

test('bad variables are all named, their values never', () => {
  const bad = {
    ...REQUIRED,
    OLLAMA_KEEP_ALIVE: 'sometimes',
    OLLAMA_CONTEXT_LENGTH: 'huge',
    RPC_PORT: '123456',
  };
  const read = (): unknown => readConfig(bad);
  expect(read).toThrow(
    /OLLAMA_KEEP_ALIVE[^]*OLLAMA_CONTEXT_LENGTH|OLLAMA_CONTEXT_LENGTH[^]*OLLAMA_KEEP_ALIVE/,
  );
  expect(read).toThrow(/RPC_PORT/);
  expect(read).not.toThrow(/sometimes|huge|123456/);
});
