import { describe, expect, test } from '@jest/globals';
import { readStart } from './config.ts';

describe('flags and environment', () => {
  test('every role has the defaults of the program it stands for', () => {
    expect(readStart(['card'], {})).toEqual({
      role: 'card',
      options: { host: '127.0.0.1', port: 8190, control: undefined, totalMib: 24_576 },
    });
    expect(readStart(['ollama'], {})).toMatchObject({
      role: 'ollama',
      options: {
        port: 11_434,
        numParallel: 1,
        maxLoadedModels: 3,
        maxQueue: 512,
        keepAlive: '5m',
        contextLength: 0,
      },
    });
    expect(readStart(['comfyui'], {})).toMatchObject({ role: 'comfyui', options: { port: 8_188 } });
  });

  test('a flag wins over its variable, and an empty variable is none', () => {
    const environment = {
      SIM_PORT: '1',
      SIM_CARD: 'http://127.0.0.1:9',
      OLLAMA_KEEP_ALIVE: '',
      OLLAMA_NUM_PARALLEL: '0',
    };
    expect(readStart(['ollama', '--port', '0'], environment)).toMatchObject({
      options: { port: 0, card: 'http://127.0.0.1:9', keepAlive: '5m', numParallel: 1 },
    });
  });

  test('control is JSON, for the state at start', () => {
    expect(readStart(['card', '--control', '{"speed":5}'], {})).toMatchObject({
      options: { control: { speed: 5 } },
    });
  });

  test.each([
    [[], 'role'],
    [['gpu'], 'role'],
    [['card', '--port', 'many'], 'port'],
    [['card', '--port', '70000'], 'port'],
    [['ollama', '--card', 'somewhere'], 'card'],
    [['card', '--control', '{'], 'must be JSON'],
    [['card', '--colour', 'red'], '--colour'],
  ])('%j is refused with a word about it', (args, word) => {
    expect(readStart(args, {})).toEqual({ role: 'wrong', text: expect.stringContaining(word) });
  });

  test('the help names every flag and every variable', () => {
    const help = readStart(['--help'], {});
    for (const word of ['--port', 'SIM_CARD', 'OLLAMA_MAX_QUEUE', '--data-dir', '__control']) {
      expect(help).toMatchObject({ role: 'help', text: expect.stringContaining(word) });
    }
  });
});
