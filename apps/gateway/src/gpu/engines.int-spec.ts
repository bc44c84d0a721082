import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  readCardHistory,
  readEngineLogs,
  readGpuStatus,
  readNodeStatus,
  restartEngine,
} from '@baton/contracts';
import { gpuStatusOf } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';

const NODE_STATUS = {
  node: 'gpu0',
  bootId: 'a',
  highestFence: 1,
  owner: null,
  admitted: [],
  swap: null,
  lastSwap: null,
  card: null,
  engines: [],
};

let gateway: GatewayHarness;
let admin: string;
let boris: string;

beforeAll(async () => {
  gateway = await GatewayHarness.start();
  admin = await gateway.register('anna');
  boris = await gateway.register('boris');
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.fake.reset());

describe('the card', () => {
  test('has its memory over time shown to an administrator, and to nobody else', async () => {
    const sample = { at_ms: 1, used_mib: 300, total_mib: 24_576, foreign_mib: null, owner: null };
    gateway.fake.on(readCardHistory, () => ({ every_ms: 2_000, samples: [sample] }));
    const answer = await gateway.ask('/api/process/card-history', { token: admin });
    expect(answer).toMatchObject({ status: 200, body: { every_ms: 2_000, samples: [sample] } });
    expect((await gateway.ask('/api/process/card-history', { token: boris })).status).toBe(403);
  });
});

describe('other programs on the card', () => {
  const stowaways = [{ pid: 4_711, name: 'game', used_mib: 2_048 }];

  test('are named to administrators only', async () => {
    gateway.fake.on(readGpuStatus, () => gpuStatusOf());
    gateway.fake.on(readNodeStatus, () => ({ ...NODE_STATUS, stowaways }));
    expect((await gateway.ask('/api/process/status', { token: admin })).body).toMatchObject({ stowaways });
    expect((await gateway.ask('/api/process/status', { token: boris })).body).not.toHaveProperty('stowaways');
  });

  test('are left out when the process-manager is away: the rest is shown all the same', async () => {
    gateway.fake.on(readGpuStatus, () => gpuStatusOf());
    gateway.fake.refuse(readNodeStatus, 'call.unreachable');
    const { status, body } = await gateway.ask('/api/process/status', { token: admin });
    expect([status, body]).toMatchObject([200, { node: 'gpu0' }]);
    expect(body).not.toHaveProperty('stowaways');
  });
});

describe('an engine’s process', () => {
  test('is restarted for an administrator', async () => {
    gateway.fake.on(restartEngine, () => ({ accepted: true as const }));
    const answer = await gateway.ask('/api/process/restart?service=comfyui', {
      method: 'POST',
      token: admin,
    });
    expect(answer).toMatchObject({ status: 202, body: { service: 'comfyui' } });
    expect(gateway.fake.asked).toEqual([{ call: 'engine.restart', request: { engine: 'comfyui' } }]);
  });

  test('that is not Baton’s is left alone, and the answer says why', async () => {
    gateway.fake.refuse(restartEngine, 'engine.not_ours');
    const answer = await gateway.ask('/api/process/restart?service=ollama', { method: 'POST', token: admin });
    expect(answer).toMatchObject({ status: 409, body: { code: 'engine.not_ours' } });
  });

  test('has its last lines read by an administrator, as many as asked for', async () => {
    const lines = [{ at_ms: 1_700_000_000_000, text: 'listening' }];
    gateway.fake.on(readEngineLogs, () => ({ lines }));
    const answer = await gateway.ask('/api/process/logs?service=ollama&lines=5', { token: admin });
    expect(answer).toMatchObject({ status: 200, body: { lines } });
    await gateway.ask('/api/process/logs?service=ollama', { token: admin });
    expect(gateway.fake.asked.map(({ request }) => request)).toEqual([
      { engine: 'ollama', lines: 5 },
      { engine: 'ollama', lines: 200 },
    ]);
  });

  test('prints nothing that can be read here when it is not Baton’s', async () => {
    gateway.fake.refuse(readEngineLogs, 'engine.no_logs');
    const answer = await gateway.ask('/api/process/logs?service=ollama', { token: admin });
    expect(answer).toMatchObject({ status: 409, body: { code: 'engine.no_logs' } });
  });

  test('is no business of other users: an engine may print what people wrote to it', async () => {
    for (const [method, path] of [
      ['POST', '/api/process/restart?service=ollama'],
      ['GET', '/api/process/logs?service=ollama'],
    ] as const) {
      expect((await gateway.ask(path, { method, token: boris })).status).toBe(403);
      expect((await gateway.ask(path, { method })).status).toBe(401);
    }
    expect(gateway.fake.asked).toEqual([]);
  });

  test.each([
    ['/api/process/logs', 'service'],
    ['/api/process/logs?service=local', 'service'],
    ['/api/process/logs?service=ollama&lines=0', 'lines'],
    ['/api/process/logs?service=ollama&node=gpu9', 'node'],
    ['/api/process/logs?service=ollama&follow=true', 'follow'],
  ])('%s names the wrong field', async (path, field) => {
    const answer = await gateway.ask(path, { token: admin });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid', errors: [{ field }] } });
  });
});
