import { expect, test } from '@jest/globals';
import { chooseEngine, describeEngine } from './engines.ts';

const yes = (): Promise<boolean> => Promise.resolve(true);
const no = (): Promise<boolean> => Promise.resolve(false);

test('an engine that answers at its default port is used', async () => {
  await expect(chooseEngine('ollama', { mode: 'auto', env: {}, answers: yes })).resolves.toEqual({
    kind: 'attached',
    url: 'http://127.0.0.1:11434',
    how: 'found',
  });
});

test('without any engine it is simulated, and said so', async () => {
  const choice = await chooseEngine('comfyui', { mode: 'auto', env: { COMFYUI_URL: '' }, answers: no });
  expect(choice).toEqual({ kind: 'simulated' });
  expect(describeEngine('comfyui', choice)).toContain('SIMULATED');
});

test('a configured address is used although nothing answers there', async () => {
  const env = { OLLAMA_URL: 'http://gpu-box:11434' };
  await expect(chooseEngine('ollama', { mode: 'auto', env, answers: no })).resolves.toMatchObject({
    kind: 'attached',
    url: 'http://gpu-box:11434',
  });
});

test('complete settings are left alone', async () => {
  const env = { COMFYUI_MODE: 'child', COMFYUI_COMMAND: '["python","main.py"]' };
  await expect(chooseEngine('comfyui', { mode: 'auto', env, answers: yes })).resolves.toEqual({
    kind: 'configured',
  });
});

test('--simulate wins over settings and running engines', async () => {
  const env = { OLLAMA_URL: 'http://gpu-box:11434' };
  await expect(chooseEngine('ollama', { mode: 'simulate', env, answers: yes })).resolves.toEqual({
    kind: 'simulated',
  });
});
