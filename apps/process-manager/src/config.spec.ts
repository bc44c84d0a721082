import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const NEEDED = { REDIS_URL: 'redis://127.0.0.1:6379', BATON_INTERNAL_SECRET: 'a secret of enough length' };

describe('the configuration', () => {
  test('without a word about engines attaches to both at their usual addresses, with no leave to stop them', () => {
    const config = readConfig(NEEDED);
    expect(config.ollama.driver).toEqual({ kind: 'attached', url: 'http://127.0.0.1:11434', commands: null });
    expect(config.comfyui.driver).toEqual({ kind: 'attached', url: 'http://127.0.0.1:8188', commands: null });
    expect(config.http.port).toBe(8_888);
    expect(config.httpToken).toBeNull();
  });

  test('reads the command of a child as a list, and gives it a port of its own', () => {
    const { ollama } = readConfig({ ...NEEDED, OLLAMA_MODE: 'child', OLLAMA_COMMAND: '["ollama","serve"]' });
    expect(ollama).toMatchObject({
      driver: { kind: 'child', command: ['ollama', 'serve'], url: null },
      startsAtBoot: true,
      startTimeoutMs: 180_000,
    });
  });

  test.each([
    [
      { OLLAMA_MODE: 'systemd', OLLAMA_SYSTEMD_UNIT: 'ollama' },
      { kind: 'systemd', unit: 'ollama.service', scope: 'system' },
    ],
    [
      { OLLAMA_MODE: 'systemd', OLLAMA_SYSTEMD_UNIT: 'ollama@gpu0.service', SYSTEMD_SCOPE: 'user' },
      { unit: 'ollama@gpu0.service', scope: 'user', url: 'http://127.0.0.1:11434' },
    ],
    [
      { OLLAMA_MODE: 'docker', OLLAMA_DOCKER_CONTAINER: 'ollama', DOCKER_HOST: 'unix:///run/docker.sock' },
      { kind: 'docker', container: 'ollama', socketPath: '/run/docker.sock' },
    ],
    [
      {
        OLLAMA_MODE: 'kubernetes',
        OLLAMA_KUBERNETES_WORKLOAD: 'statefulset/ollama',
        OLLAMA_URL: 'http://ollama.gpu:11434',
        KUBERNETES_NAMESPACE: 'gpu',
      },
      {
        kind: 'kubernetes',
        workload: { kind: 'statefulset', name: 'ollama' },
        namespace: 'gpu',
        kubeconfig: null,
      },
    ],
    [
      {
        OLLAMA_MODE: 'external',
        PROCESS_MANAGER_API_URL: 'http://10.0.0.7:8888/',
        PROCESS_SWITCH_TIMEOUT: '45',
      },
      { kind: 'external', apiUrl: 'http://10.0.0.7:8888', switchMs: 45_000, restores: true, token: null },
    ],
    [
      { OLLAMA_START_COMMAND: '["start-it"]', OLLAMA_STOP_COMMAND: '["stop-it"]' },
      { kind: 'attached', commands: { start: ['start-it'], stop: ['stop-it'] } },
    ],
  ])('understands %j', (env, driver) => {
    expect(readConfig({ ...NEEDED, ...env }).ollama.driver).toMatchObject(driver);
  });

  test('an external engine has the time that the manager’s own setting gives it', () => {
    const env = {
      COMFYUI_MODE: 'external',
      PROCESS_MANAGER_API_URL: 'http://h:1',
      PROCESS_STARTUP_WAIT: '12',
    };
    expect(readConfig({ ...NEEDED, ...env }).comfyui.startTimeoutMs).toBe(12_000);
  });

  test.each([
    [{ OLLAMA_MODE: 'child' }, /OLLAMA_COMMAND: is needed for OLLAMA_MODE=child/],
    [{ COMFYUI_MODE: 'child', COMFYUI_COMMAND: 'python main.py' }, /COMFYUI_COMMAND: must be JSON/],
    [{ COMFYUI_MODE: 'systemd' }, /COMFYUI_SYSTEMD_UNIT: is needed/],
    [{ OLLAMA_SYSTEMD_UNIT: '--root=/tmp' }, /OLLAMA_SYSTEMD_UNIT: must be the name of a unit/],
    [{ OLLAMA_SYSTEMD_UNIT: 'ollama.target' }, /OLLAMA_SYSTEMD_UNIT: must be a service/],
    [{ OLLAMA_MODE: 'docker' }, /OLLAMA_DOCKER_CONTAINER: is needed/],
    [{ OLLAMA_DOCKER_CONTAINER: '../json' }, /OLLAMA_DOCKER_CONTAINER: must be the name/],
    [{ OLLAMA_MODE: 'kubernetes' }, /OLLAMA_KUBERNETES_WORKLOAD: is needed[^]*OLLAMA_URL: is needed/],
    [{ OLLAMA_KUBERNETES_WORKLOAD: 'pod/ollama' }, /OLLAMA_KUBERNETES_WORKLOAD: must be deployment/],
    [{ OLLAMA_MODE: 'external' }, /PROCESS_MANAGER_API_URL: is needed/],
    [{ OLLAMA_STOP_COMMAND: '["x"]' }, /OLLAMA_START_COMMAND: is needed with OLLAMA_STOP_COMMAND/],
    [{ OLLAMA_START_COMMAND: '["x"]' }, /OLLAMA_STOP_COMMAND: is needed with OLLAMA_START_COMMAND/],
    [{ OLLAMA_MODE: 'podman' }, /OLLAMA_MODE/],
    [{ PROCESS_MANAGER_TOKEN: 'short' }, /PROCESS_MANAGER_TOKEN: must have at least 16/],
  ])('refuses %j and names the variable', (env, message) => {
    expect(() => readConfig({ ...NEEDED, ...env })).toThrow(message);
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
