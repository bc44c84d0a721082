import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import { engineDriverContract } from '../testing/engine-driver-contract.ts';
import { freePort, isAlive, pidAt } from '../testing/engine-process.ts';
import { FakeExternalManager } from '../testing/fake-external-manager.ts';
import { ENGINE, Programs } from '../testing/programs.ts';
import { saysRunning } from './external-status.ts';
import { ExternalDriver } from './external.driver.ts';

const programs = new Programs();
const closers: (() => Promise<void>)[] = [];
const FOR_EVER = new AbortController().signal;

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => programs.remove());

async function setUp(options: { restores?: boolean; token?: string; shows?: string; isMissing?: true } = {}) {
  const [program = '', script = ''] = programs.command('engine', ENGINE);
  const ports = { ollama: await freePort(), comfyui: await freePort() };
  const missing = join(programs.folder, 'missing');
  const command = (port: number): string[] => [options.isMissing ? missing : program, script, String(port)];
  const fake = new FakeExternalManager(
    { ollama: command(ports.ollama), comfyui: command(ports.comfyui) },
    options.token,
  );
  const apiUrl = await fake.listen();
  closers.push(() => fake.close());
  const driverOf = (engine: 'ollama' | 'comfyui'): ExternalDriver =>
    new ExternalDriver(
      {
        engine,
        url: `http://127.0.0.1:${ports[engine]}`,
        apiUrl,
        token: options.shows ?? options.token ?? null,
        switchMs: 5_000,
        restores: options.restores ?? true,
      },
      systemClock,
    );
  return { fake, ollama: driverOf('ollama'), comfyui: driverOf('comfyui') };
}

engineDriverContract('external', {
  make: async () => {
    const { comfyui } = await setUp();
    return { driver: comfyui, pid: () => pidAt(comfyui.url), isAlive, tellsExits: false, says: null };
  },
  makeUnstartable: async () => (await setUp({ isMissing: true })).comfyui,
});

describe('an external process manager', () => {
  test('is asked to switch with its own words, once', async () => {
    const { fake, ollama, comfyui } = await setUp();
    await comfyui.start(FOR_EVER);
    const pid = await pidAt(comfyui.url);
    await ollama.start(FOR_EVER);
    await pidAt(ollama.url);
    expect(isAlive(pid)).toBe(false);
    expect(fake.requests.filter((request) => request.startsWith('POST'))).toEqual([
      'POST /api/process/switch?service=comfyui',
      'POST /api/process/switch?service=ollama',
    ]);
  });

  test('without leave to restore is never asked to end an engine, only to start one', async () => {
    const { fake, comfyui } = await setUp({ restores: false });
    expect(comfyui.canStop).toBe(false);
    await comfyui.start(FOR_EVER);
    const pid = await pidAt(comfyui.url);
    await comfyui.stop();
    await comfyui.close();
    expect(isAlive(pid)).toBe(true);
    expect(fake.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  });

  test('has Ollama back when Baton ends', async () => {
    const { ollama, comfyui } = await setUp();
    await comfyui.start(FOR_EVER);
    await pidAt(comfyui.url);
    await Promise.all([ollama.close(), comfyui.close()]);
    expect(isAlive(await pidAt(ollama.url))).toBe(true);
  });

  test('that wants a token gets it, and one that refuses it starts nothing', async () => {
    const { comfyui } = await setUp({ token: 'the right one' });
    await comfyui.start(FOR_EVER);
    await pidAt(comfyui.url);
    const { ollama } = await setUp({ token: 'the right one', shows: 'another one' });
    await expect(ollama.start(FOR_EVER)).rejects.toMatchObject({
      code: 'engine.start_failed',
      cause: { details: { status: 401 } },
    });
  });

  test('that fails to switch has not stopped anything', async () => {
    const { fake, comfyui } = await setUp();
    await comfyui.start(FOR_EVER);
    await pidAt(comfyui.url);
    fake.isBroken = true;
    await expect(comfyui.stop()).rejects.toMatchObject({ code: 'engine.failed' });
  });

  test.each([
    [{ engines: [{ engine: 'ollama', state: 'ready' }] }, true],
    [{ engines: [{ engine: 'ollama', state: 'stopped' }] }, false],
    [{ ollama: { running: true }, comfyui: { running: false } }, true],
    [{ ollama: 'Stopped' }, false],
    [{ services: { ollama: { status: 'running', pid: 7 } } }, true],
    [{ processes: { ollama: false } }, false],
    [{ current_service: 'comfyui' }, false],
    [{ ok: true }, null],
    ['running', null],
  ])('is understood when it says %j', (status, expected) => {
    expect(saysRunning(status, 'ollama')).toBe(expected);
  });
});
