import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  INTERNAL_HEADERS,
  PULL_PATH,
  deleteEngineModel,
  gpuKeys,
  listEngineModels,
  loadEngineModel,
  switchOrder,
  unloadEngineModel,
} from '@baton/contracts';
import { CallClient, startService, type StartedService } from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import { Redis } from 'ioredis';
import { AppModule } from '../app.module.ts';
import { readConfig } from '../config.ts';
import { Runtime } from '../runtime.ts';
import { installGuard } from './guard-edge.ts';

const SECRET = 'a secret of enough length';
const SIMULATOR = join(import.meta.dirname, '..', '..', '..', 'engine-simulator', 'src', 'main.ts');

jest.setTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), 'baton-pm-models-'));
let ollama: ChildProcess;
let ollamaUrl: string;
let service: StartedService;
let calls: CallClient;
let redis: Redis;

beforeAll(async () => {
  const control = JSON.stringify({ speed: 20 });
  ollama = spawn(process.execPath, [SIMULATOR, 'ollama', '--port', '0', '--control', control], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (ollama.stdout === null) throw new Error('the simulator has no output');
  const [line] = (await once(createInterface({ input: ollama.stdout }), 'line')) as [string];
  ollamaUrl = (JSON.parse(line) as { listening: string }).listening;
  const { url: redisUrl } = await startRedis();
  redis = new Redis(redisUrl);
  const config = readConfig({
    REDIS_URL: redisUrl,
    BATON_INTERNAL_SECRET: SECRET,
    BATON_DATA_DIR: folder,
    BATON_NODE: 'gpu9',
    OLLAMA_URL: ollamaUrl,
    NVIDIA_SMI: join(folder, 'no-such-program'),
    LOG_LEVEL: 'fatal',
  });
  service = await startService({
    service: 'process-manager',
    module: AppModule.forRoot(config),
    http: { host: '127.0.0.1', port: 0 },
    rpc: { host: '127.0.0.1', port: 0 },
    logLevel: 'fatal',
    internalSecret: SECRET,
    configureHttp: (app) => installGuard(app, app.get(Runtime).guard),
  });
  calls = new CallClient({ address: String(service.rpc), secret: SECRET });
  await eventually(async () => (await names()).length > 0);
});

afterAll(async () => {
  calls.close();
  await service.app.close();
  redis.disconnect();
  ollama.kill('SIGKILL');
  await once(ollama, 'close');
  rmSync(folder, { recursive: true, force: true });
});

async function names(): Promise<string[]> {
  const { models } = await calls.call(listEngineModels, { engine: 'ollama' });
  return models.map(({ name }) => name);
}

function pull(model: string, secret = SECRET, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`http://${service.http}${PULL_PATH}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      connection: 'close',
      [INTERNAL_HEADERS.secret]: secret,
    },
    body: JSON.stringify({ model }),
    signal,
  });
}

const control = (change: object): Promise<Response> =>
  fetch(`${ollamaUrl}/__control`, {
    method: 'PUT',
    headers: { connection: 'close' },
    body: JSON.stringify(change),
  });

describe('a download', () => {
  test('comes line by line as Ollama tells it, and the list knows the model when it is there', async () => {
    expect(await names()).not.toContain('huihui_ai/deepseek-r1:8b');
    const answer = await pull('huihui_ai/deepseek-r1:8b');
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await answer.text()).trim().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ status: 'success' });
    await eventually(async () => (await names()).includes('huihui_ai/deepseek-r1:8b'));
  });

  test('that fails says so in its last line', async () => {
    const lines = (await (await pull('missing-model')).text()).trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ error: expect.stringContaining('file does not exist') });
  });

  test('ends when the asker leaves', async () => {
    await control({ speed: 1 });
    const leave = new AbortController();
    const answer = await pull('slow:70b', SECRET, leave.signal);
    const reader = answer.body?.getReader();
    await reader?.read();
    leave.abort();
    await expect(reader?.read()).rejects.toThrow();
    // Long enough for a leave to be noticed on a busy machine, and far too short for the model.
    await control({ speed: 20 });
    await pull('quick:1b').then((other) => other.text());
    // At this speed a download that still ran would be over at once.
    await control({ speed: 1_000 });
    await pull('quick:3b').then((other) => other.text());
    expect(await names()).not.toContain('slow:70b');
    await control({ speed: 20 });
  });

  test.each([['gpt-oss:120b-cloud'], ['kimi:cloud'], ['a b']])(
    'of %s is refused before anything is sent',
    async (model) => {
      const answer = await pull(model);
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ code: 'model.unknown' });
    },
  );

  test('is nothing for whoever does not know the secret', async () => {
    for (const secret of ['', 'x'.repeat(SECRET.length), `${SECRET}x`]) {
      const answer = await pull('phi3', secret);
      expect(answer.status).toBe(404);
      await answer.body?.cancel();
    }
  });
});

describe('by call', () => {
  test('a load is an order that waits for its turn, under the name that is installed', async () => {
    expect(await calls.call(loadEngineModel, { model: 'PHI3' })).toEqual({ state: 'accepted' });
    const order = switchOrder.parse(JSON.parse((await redis.get(gpuKeys('gpu9').order)) ?? ''));
    expect(order).toMatchObject({ engine: 'ollama', model: 'phi3:latest', force: false });
    await expect(calls.call(loadEngineModel, { model: 'nothing' })).rejects.toMatchObject({
      code: 'model.unknown',
    });
  });

  test('a model that was loaded past us is unloaded, and then deleted', async () => {
    await fetch(`${ollamaUrl}/api/generate`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: 'phi3', keep_alive: '5m' }),
    }).then((answer) => answer.text());
    const unloaded = await calls.call(unloadEngineModel, { model: 'phi3' });
    expect(unloaded).toMatchObject({ state: 'done', was_loaded: true });
    expect(unloaded.freed_bytes).toBeGreaterThan(2_000_000_000);
    await calls.call(deleteEngineModel, { model: 'phi3' });
    expect(await names()).not.toContain('phi3:latest');
    await expect(calls.call(deleteEngineModel, { model: 'phi3' })).rejects.toMatchObject({
      code: 'model.unknown',
    });
  });
});
