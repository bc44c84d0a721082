import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const NEEDED = { REDIS_URL: 'redis://127.0.0.1:6379', BATON_INTERNAL_SECRET: 'a secret of enough length' };

describe('the configuration', () => {
  test('without a word about engines attaches to both at their usual addresses', () => {
    const config = readConfig(NEEDED);
    expect([config.ollama.mode, config.ollama.url]).toEqual(['attached', 'http://127.0.0.1:11434']);
    expect([config.comfyui.mode, config.comfyui.url]).toEqual(['attached', 'http://127.0.0.1:8188']);
    expect(config.http.port).toBe(8_888);
  });

  test('reads the command of a child as a list, and gives it a port of its own', () => {
    const { ollama } = readConfig({ ...NEEDED, OLLAMA_MODE: 'child', OLLAMA_COMMAND: '["ollama","serve"]' });
    expect(ollama).toMatchObject({
      mode: 'child',
      command: ['ollama', 'serve'],
      url: null,
      startsAtBoot: true,
    });
  });

  test('names a child without a command, and a command that is no list', () => {
    expect(() => readConfig({ ...NEEDED, OLLAMA_MODE: 'child' })).toThrow(/OLLAMA_COMMAND/);
    expect(() => readConfig({ ...NEEDED, COMFYUI_MODE: 'child', COMFYUI_COMMAND: 'python main.py' })).toThrow(
      /COMFYUI_COMMAND/,
    );
  });

  test('keeps secrets from the engines', () => {
    const config = readConfig({
      ...NEEDED,
      PATH: '/bin',
      DB_PASSWORD: 'x',
      HF_TOKEN: 'y',
      CUDA_VISIBLE_DEVICES: '0',
    });
    expect(Object.keys(config.engineEnvironment).sort()).toEqual(['CUDA_VISIBLE_DEVICES', 'PATH']);
  });
});
