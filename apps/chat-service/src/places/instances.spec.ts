import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@baton/platform/config';
import { readInstances, sameServer } from './instances.ts';

const MAIN = 'http://127.0.0.1:11434';

describe('servers elsewhere', () => {
  test('are read as they stand in the environment, /v1 cut off, in the order of their numbers', () => {
    const env = {
      OLLAMA_URL_10: 'http://10.39.0.7:11434',
      OLLAMA_URL_2: 'http://10.39.0.6:11434/v1/',
      OLLAMA_MODEL_2: 'qwen3-coder:30b-a3b-q4_K_M',
      OLLAMA_CAPABILITIES_2: 'coding, code_generation,code_analysis',
      OLLAMA_MAX_CONCURRENT_2: '2',
      OLLAMA_MODEL_3: '',
    };
    expect(readInstances(env, MAIN)).toEqual({
      main: [],
      elsewhere: [
        {
          server: '2',
          url: 'http://10.39.0.6:11434',
          maxConcurrent: 2,
          profiles: [
            {
              model: 'qwen3-coder:30b-a3b-q4_K_M',
              capabilities: ['coding', 'code_generation', 'code_analysis'],
            },
          ],
        },
        {
          server: '10',
          url: 'http://10.39.0.7:11434',
          maxConcurrent: 1,
          profiles: [{ model: null, capabilities: [] }],
        },
      ],
    });
  });

  test('with the address of the GPU node’s Ollama say what that one is for', () => {
    const env = { OLLAMA_URL_1: 'http://localhost:11434/v1', OLLAMA_MODEL_1: 'llama3:8b' };
    expect(readInstances(env, MAIN)).toEqual({
      main: [{ model: 'llama3:8b', capabilities: [] }],
      elsewhere: [],
    });
  });

  test('with one address are one server that is wanted for several models', () => {
    const env = {
      ...{ OLLAMA_URL_1: 'http://box:1', OLLAMA_MODEL_1: 'a', OLLAMA_MAX_CONCURRENT_1: '1' },
      ...{ OLLAMA_URL_2: 'http://box:1/v1', OLLAMA_MODEL_2: 'b', OLLAMA_MAX_CONCURRENT_2: '4' },
    };
    const { elsewhere } = readInstances(env, MAIN);
    expect(elsewhere).toMatchObject([
      { server: '1', maxConcurrent: 4, profiles: [{ model: 'a' }, { model: 'b' }] },
    ]);
  });
});

test.each([
  ['OLLAMA_URL_1', { OLLAMA_URL_1: 'ftp://s3cret' }],
  ['OLLAMA_URL_2', { OLLAMA_MODEL_2: 'llama3:8b' }],
  ['OLLAMA_CAPABILITIES_1', { OLLAMA_URL_1: 'http://box:1', OLLAMA_CAPABILITIES_1: 'cooking-s3cret' }],
  ['OLLAMA_MAX_CONCURRENT_1', { OLLAMA_URL_1: 'http://box:1', OLLAMA_MAX_CONCURRENT_1: '0' }],
  ['OLLAMA_URL_01', { OLLAMA_URL_01: 'http://box:1' }],
])('a bad %s is named, and its value is not', (name, env) => {
  const read = (): unknown => readInstances(env, MAIN);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(new RegExp(name));
  expect(read).not.toThrow(/s3cret/);
});

test.each([
  ['http://localhost:11434', 'http://127.0.0.1:11434/v1', true],
  ['http://[::1]:80', 'http://localhost', true],
  ['https://box/ollama/', 'https://box:443/ollama', true],
  ['http://box:1', 'http://box:2', false],
  ['http://box:1', 'https://box:1', false],
])('%s and %s are one server: %j', (one, other, isSame) => {
  expect(sameServer(one) === sameServer(other)).toBe(isSame);
});
