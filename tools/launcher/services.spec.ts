import { expect, test } from '@jest/globals';
import type { EngineChoice } from './engines.ts';
import { SERVICES, WAVES, serviceEnvironment } from './services.ts';
import type { StackSettings } from './services.ts';

const simulated: EngineChoice = { kind: 'simulated' };
const real: EngineChoice = { kind: 'attached', url: 'http://127.0.0.1:11434', how: 'found' };

function stack(engines: StackSettings['engines']): StackSettings {
  const at = (httpPort: number, rpcPort: number | null) => ({ host: '127.0.0.1', httpPort, rpcPort });
  return {
    root: '/baton',
    dataDir: '/data',
    redisUrl: 'redis://:pw@127.0.0.1:1',
    secrets: { JWT_SECRET: 'generated', BATON_INTERNAL_SECRET: 'generated too' },
    addresses: {
      'process-manager': at(8888, 21),
      'gpu-scheduler': at(12, 22),
      'chat-service': at(13, 23),
      'image-service': at(14, 24),
      gateway: at(5000, null),
    },
    engines,
    cardUrl: 'http://127.0.0.1:30',
  };
}

test('every service is told where the others are, and has ports of its own', () => {
  const settings = stack({ ollama: simulated, comfyui: simulated });
  for (const service of SERVICES) {
    expect(serviceEnvironment(service, settings, { HTTP_PORT: '80' })).toMatchObject({
      HTTP_PORT: String(settings.addresses[service].httpPort),
      CHAT_SERVICE_ADDRESS: '127.0.0.1:23',
      IMAGE_SERVICE_URL: 'http://127.0.0.1:14',
    });
  }
});

test('the guard’s address goes to those who use it; a person’s own external manager to the process-manager', () => {
  const settings = stack({ ollama: simulated, comfyui: simulated });
  const base = { PROCESS_MANAGER_API_URL: 'http://10.0.0.7:8888' };
  for (const service of SERVICES) {
    expect(serviceEnvironment(service, settings, base).PROCESS_MANAGER_API_URL).toBe(
      service === 'process-manager' ? 'http://10.0.0.7:8888' : 'http://127.0.0.1:8888',
    );
  }
});

test('secrets of the environment win over generated ones', () => {
  const settings = stack({ ollama: simulated, comfyui: simulated });
  const env = serviceEnvironment('gateway', settings, { JWT_SECRET: 'my own' });
  expect(env).toMatchObject({ JWT_SECRET: 'my own', BATON_INTERNAL_SECRET: 'generated too' });
});

test('threads that decode pictures share their heaps, unless a person says otherwise', () => {
  const settings = stack({ ollama: simulated, comfyui: simulated });
  expect(serviceEnvironment('image-service', settings, {}).MALLOC_ARENA_MAX).toBe('2');
  expect(serviceEnvironment('image-service', settings, { MALLOC_ARENA_MAX: '4' }).MALLOC_ARENA_MAX).toBe('4');
  expect(serviceEnvironment('gateway', settings, {})).not.toHaveProperty('MALLOC_ARENA_MAX');
});

test('simulated engines are children of the process-manager and share the simulated card', () => {
  const settings = stack({ ollama: simulated, comfyui: simulated });
  const env = serviceEnvironment('process-manager', settings, { OLLAMA_URL: 'http://gpu-box:1' });
  expect(env).toMatchObject({
    OLLAMA_MODE: 'child',
    OLLAMA_SIMULATED: 'true',
    OLLAMA_URL: '',
    SIM_CARD_URL: 'http://127.0.0.1:30',
  });
  expect(JSON.parse(env['COMFYUI_COMMAND'] ?? '')).toEqual(
    expect.arrayContaining(['comfyui', '--port', '{port}', '--card', 'http://127.0.0.1:30']),
  );
  expect(serviceEnvironment('chat-service', settings, {})).not.toHaveProperty('OLLAMA_COMMAND');
});

test('beside a real engine the real driver is asked, not the simulated card', () => {
  const env = serviceEnvironment('process-manager', stack({ ollama: real, comfyui: simulated }), {});
  expect(env).toMatchObject({
    OLLAMA_MODE: 'attached',
    OLLAMA_URL: 'http://127.0.0.1:11434',
    SIM_CARD_URL: '',
  });
});

test('settings that the person made complete reach the process-manager unchanged', () => {
  const own = { OLLAMA_MODE: 'child', OLLAMA_COMMAND: '["ollama","serve"]' };
  const env = serviceEnvironment(
    'process-manager',
    stack({ ollama: { kind: 'configured' }, comfyui: simulated }),
    own,
  );
  expect(env).toMatchObject(own);
});

test.each([{}, { JWT_SECRET: 'my own' }])(
  'only the gateway is given the key that signs tokens (%j)',
  (own) => {
    const settings = stack({ ollama: simulated, comfyui: simulated });
    for (const service of SERVICES) {
      const key = serviceEnvironment(service, settings, own)['JWT_SECRET'];
      expect(key ? service : 'gateway').toBe('gateway');
    }
    expect(serviceEnvironment('gateway', settings, own)['JWT_SECRET']).toBeTruthy();
  },
);

test('every service stops in exactly one wave', () => {
  expect(WAVES.flat().sort()).toEqual([...SERVICES].sort());
});

test('chat-service is told which Ollama is the one of the GPU, and all other servers as they were written', () => {
  const base = { OLLAMA_URL_1: 'http://10.0.0.9:11434/v1', OLLAMA_MODEL_1: 'llama3:8b' };
  const env = serviceEnvironment('chat-service', stack({ ollama: real, comfyui: simulated }), base);
  expect(env).toMatchObject({ ...base, OLLAMA_URL: 'http://127.0.0.1:11434' });
  const own = { OLLAMA_URL: 'http://gpu-box:1' };
  expect(
    serviceEnvironment('chat-service', stack({ ollama: simulated, comfyui: simulated }), own),
  ).toMatchObject(own);
});
