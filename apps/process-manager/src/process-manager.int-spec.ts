import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  STREAM_FIELD,
  admitLease,
  gpuKeys,
  listEngineModels,
  nodeEvent,
  readNodeStatus,
  revokeLease,
  startSwap,
  type Lane,
  type NodeEvent,
} from '@baton/contracts';
import {
  CallClient,
  CallInterceptor,
  Log,
  Metrics,
  ProblemFilter,
  createValidationPipe,
} from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';
import { installGuard } from './http/guard-edge.ts';
import { Runtime } from './runtime.ts';
import { FakeCard } from './testing/fake-card.ts';
import { FakeComfyui } from './testing/fake-comfyui.ts';
import { FakeOllama } from './testing/fake-ollama.ts';

const SECRET = 'a secret of enough length';
const LLAMA: Lane = { engine: 'ollama', instance: 'main', model: 'llama3:8b' };

const folder = mkdtempSync(join(tmpdir(), 'baton-pm-'));
const card = new FakeCard();
const ollama = new FakeOllama(card);
const comfyui = new FakeComfyui(card);
let app: NestFastifyApplication;
let calls: CallClient;
let url: string;
let redis: Redis;

beforeAll(async () => {
  await Promise.all([ollama.listen(), comfyui.listen()]);
  const { url: redisUrl } = await startRedis();
  redis = new Redis(redisUrl);
  const config = readConfig({
    REDIS_URL: redisUrl,
    BATON_INTERNAL_SECRET: SECRET,
    BATON_DATA_DIR: folder,
    BATON_NODE: 'gpu7',
    OLLAMA_URL: ollama.url,
    OLLAMA_SIMULATED: 'true',
    COMFYUI_URL: comfyui.url,
    NVIDIA_SMI: join(folder, 'no-such-program'),
    LOG_LEVEL: 'fatal',
  });
  const log = new Log(pino({ level: 'silent' }));
  app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config),
    new FastifyAdapter({ forceCloseConnections: true }),
    { logger: false, abortOnError: false },
  );
  app.useGlobalFilters(new ProblemFilter(log));
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalInterceptors(new CallInterceptor(SECRET, log));
  app.connectMicroservice(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
    { inheritAppConfig: true },
  );
  installGuard(app, app.get(Runtime).guard);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const rpc = app.getMicroservices()[0]?.unwrap<{ address(): AddressInfo }>();
  calls = new CallClient({ address: `127.0.0.1:${rpc?.address().port}`, secret: SECRET });
}, 30_000);

afterAll(async () => {
  calls.close();
  await app.close();
  await Promise.all([ollama.close(), comfyui.close()]);
  redis.disconnect();
  rmSync(folder, { recursive: true, force: true });
});

async function events(): Promise<NodeEvent[]> {
  const entries = await redis.xrange(gpuKeys('gpu7').node, '-', '+');
  return entries.map(([, fields]) =>
    nodeEvent.parse(JSON.parse(fields[fields.indexOf(STREAM_FIELD) + 1] ?? '')),
  );
}

async function ask(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const outgoing = httpRequest(`${url}${path}`, { headers, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of incoming as AsyncIterable<Buffer>) text += chunk.toString();
  return { status: incoming.statusCode ?? 0, text };
}

describe('the process-manager as a service', () => {
  test('begins with the gate closed, and says so', async () => {
    expect(await calls.call(readNodeStatus, {})).toMatchObject({
      node: 'gpu7',
      owner: null,
      admitted: [],
      card: null,
    });
    const first = await eventually(async () => (await events())[0]);
    expect(first).toMatchObject({ type: 'node.started', highestFence: 0 });
    await expect(calls.call(admitLease, { leaseId: 'a', fence: 1, lane: LLAMA })).rejects.toMatchObject({
      code: 'gpu.swap_failed',
    });
  });

  test('swaps, admits, passes on, revokes: and an engine is reached in between only', async () => {
    const lease = { 'x-baton-lease': 'a', 'x-baton-fence': '4' };
    await calls.call(startSwap, { swapId: 's1', fence: 4, to: LLAMA, drainMs: 0 });
    const { end } = await eventually(
      async () =>
        (await events()).find((event) => event.type === 'swap.ended' && event.end.swapId === 's1') as
          Extract<NodeEvent, { type: 'swap.ended' }> | undefined,
    );
    expect(end.outcome).toBe('done');
    expect((await ask('/engines/ollama/api/tags', lease)).status).toBe(403);
    const { bootId } = await calls.call(admitLease, { leaseId: 'a', fence: 4, lane: LLAMA });
    const status = await calls.call(readNodeStatus, {});
    expect(status).toMatchObject({ bootId, owner: LLAMA, admitted: ['a'], highestFence: 4, swap: null });
    expect((await ask('/engines/ollama/api/tags', lease)).status).toBe(200);
    expect((await ask('/engines/comfyui/queue', lease)).status).toBe(409);
    expect(await calls.call(revokeLease, { leaseId: 'a' })).toMatchObject({ quiet: true });
    expect((await ask('/engines/ollama/api/tags', lease)).status).toBe(403);
    await expect(
      calls.call(startSwap, { swapId: 's0', fence: 3, to: null, drainMs: 0 }),
    ).rejects.toMatchObject({
      code: 'gpu.stale_fence',
    });
  });

  test('shows what is loaded, to whoever asks on this machine, without the keys to the engines', async () => {
    await eventually(async () => {
      const { text } = await ask('/status');
      const status = JSON.parse(text) as { engines: { loaded_models: string[] }[]; admitted?: unknown };
      expect(status.admitted).toBeUndefined();
      expect(status.engines[0]).toEqual({
        engine: 'ollama',
        state: 'ready',
        simulated: true,
        driver: 'attached',
        loaded_models: ['llama3:8b'],
      });
      return true;
    });
  });

  test('an address that is no engine is not found by the guard, others by the framework', async () => {
    expect(JSON.parse((await ask('/engines/local/x')).text)).toMatchObject({ code: 'engine.unknown' });
    expect((await ask('/nothing')).status).toBe(404);
  });

  test('counts what it does', async () => {
    const text = await app.get(Metrics).registry.metrics();
    expect(text).toMatch(/baton_swaps_total\{to="ollama",outcome="done"[^}]*\} 1/);
    expect(text).toMatch(
      /baton_guard_requests_total\{engine="ollama",outcome="refused",code="gpu.lease_required"[^}]*\} 2/,
    );
    expect(text).toContain('baton_guard_open_connections');
  });

  test('lists the installed models without a lease, and the last known ones when the engine has gone', async () => {
    const live = await calls.call(listEngineModels, { engine: 'ollama' });
    expect(live).toMatchObject({ source: 'live', simulated: true });
    expect(live.models.map(({ name }) => name)).toEqual(['llama3:8b', 'llava:7b', 'embed:1b']);
    await ollama.close();
    await eventually(async () => (await calls.call(readNodeStatus, {})).engines[0]?.state === 'unreachable');
    const known = await calls.call(listEngineModels, { engine: 'ollama' });
    expect(known.source).toBe('last_known');
    // What was loaded then is loaded no more.
    expect(known.models).toEqual(live.models.map((model) => ({ ...model, loaded_bytes: undefined })));
  }, 15_000);
});
