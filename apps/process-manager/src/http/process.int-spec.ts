import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  STREAM_FIELD,
  admitLease,
  gpuKeys,
  inboxEntry,
  readEngineLogs,
  readNodeStatus,
  restartEngine,
  startSwap,
  type InboxEntry,
} from '@baton/contracts';
import { CallClient, startService, type StartedService } from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import { Redis } from 'ioredis';
import { AppModule } from '../app.module.ts';
import { readConfig } from '../config.ts';
import { Runtime } from '../runtime.ts';
import { FakeCard } from '../testing/fake-card.ts';
import { FakeOllama } from '../testing/fake-ollama.ts';
import { Programs } from '../testing/programs.ts';
import { installGuard } from './guard-edge.ts';

const SECRET = 'a secret of enough length';
const TOKEN = 'a token of enough length';

/** As much of ComfyUI as a node asks for; says what it is told to at /say, and its pid. */
const COMFYUI = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://comfyui');
    for (const line of url.searchParams.getAll('line')) console.log(line);
    const queue = { queue_running: [], queue_pending: [] };
    response.end(JSON.stringify({ pid: process.pid, devices: [], ...queue }));
  });
  server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('To see the GUI go to: …'));
  process.on('SIGINT', () => process.exit(0));
`;

const folder = mkdtempSync(join(tmpdir(), 'baton-pm-http-'));
const programs = new Programs();
const ollama = new FakeOllama(new FakeCard());
let service: StartedService;
let calls: CallClient;
let redis: Redis;

beforeAll(async () => {
  await ollama.listen();
  const { url: redisUrl } = await startRedis();
  redis = new Redis(redisUrl);
  const config = readConfig({
    REDIS_URL: redisUrl,
    BATON_INTERNAL_SECRET: SECRET,
    BATON_DATA_DIR: folder,
    BATON_NODE: 'gpu8',
    OLLAMA_URL: ollama.url,
    COMFYUI_MODE: 'child',
    COMFYUI_COMMAND: JSON.stringify(programs.command('comfyui', COMFYUI)),
    NVIDIA_SMI: join(folder, 'no-such-program'),
    PROCESS_MANAGER_TOKEN: TOKEN,
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
  await eventually(async () => (await stateOf('comfyui')) === 'ready');
}, 30_000);

afterAll(async () => {
  calls.close();
  await service.app.close();
  await ollama.close();
  redis.disconnect();
  programs.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function stateOf(engine: string): Promise<string | undefined> {
  const { engines } = await calls.call(readNodeStatus, {});
  return engines.find((view) => view.engine === engine)?.state;
}

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

async function open(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const outgoing = httpRequest(`http://${service.http}${path}`, { method, headers, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return incoming;
}

async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answered> {
  const incoming = await open(method, path, headers);
  let text = '';
  for await (const chunk of incoming as AsyncIterable<Buffer>) text += chunk.toString();
  const isJson = incoming.headers['content-type']?.includes('json') === true;
  return {
    status: incoming.statusCode ?? 0,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

async function orders(): Promise<InboxEntry[]> {
  const entries = await redis.xrange(gpuKeys('gpu8').inbox, '-', '+');
  return entries.map(([, fields]) =>
    inboxEntry.parse(JSON.parse(fields[fields.indexOf(STREAM_FIELD) + 1] ?? '')),
  );
}

async function askComfyui(path: string): Promise<unknown> {
  const url = service.app.get(Runtime).engines.urlOf('comfyui');
  return (await fetch(`${url}${path}`, { headers: { connection: 'close' } })).json();
}

async function comfyuiPid(): Promise<number> {
  return ((await askComfyui('/')) as { pid: number }).pid;
}

describe('who may ask', () => {
  test.each(['/status', '/api/process/status', '/logs?service=comfyui'])(
    'GET %s: this machine, or the token; no other site',
    async (path) => {
      expect((await ask('GET', path)).status).toBe(200);
      expect((await ask('GET', path, { host: 'rebound.example' })).body).toMatchObject({
        status: 403,
        code: 'auth.foreign_origin',
      });
      expect((await ask('GET', path, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(401);
      const withToken = { host: 'rebound.example', authorization: `Bearer ${TOKEN}` };
      expect((await ask('GET', path, withToken)).status).toBe(200);
      expect((await ask('GET', path, { authorization: 'Bearer another' })).status).toBe(401);
    },
  );

  test.each(['/switch?service=ollama', '/restart?service=comfyui', '/api/process/switch?service=ollama'])(
    'POST %s: nothing happens for a stranger',
    async (path) => {
      const before = await comfyuiPid();
      const headers = { origin: 'http://evil.example', 'content-type': 'text/plain' };
      expect((await ask('POST', path, headers)).status).toBe(403);
      expect((await ask('POST', path, { host: 'evil.example' })).status).toBe(403);
      expect(await orders()).toEqual([]);
      expect(await comfyuiPid()).toBe(before);
    },
  );
});

describe('what it says', () => {
  test('the status keeps the keys to the engines to itself', async () => {
    const { body } = await ask('GET', '/status');
    expect(body).toMatchObject({ node: 'gpu8', leases: 0 });
    expect(body['admitted']).toBeUndefined();
    expect((await ask('GET', '/api/process/status')).body).toMatchObject({ node: 'gpu8' });
  });

  test.each([
    ['GET', '/logs', 'service'],
    ['GET', '/logs?service=local', 'service'],
    ['GET', '/logs?service=comfyui&lines=0', 'lines'],
    ['GET', '/logs?service=comfyui&lines=many', 'lines'],
    ['GET', '/logs?service=comfyui&follow=maybe', 'follow'],
    ['POST', '/switch', 'service'],
    ['POST', '/switch?service=ollama&force=1', 'force'],
    ['POST', '/switch?service=comfyui&model=flux', 'model'],
    ['POST', '/switch?service=ollama&modell=x', 'modell'],
    ['POST', '/restart?service=gpu', 'service'],
  ])('%s %s names the wrong field', async (method, path, field) => {
    const { status, body } = await ask(method, path);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'request.invalid', errors: [{ field }] });
  });

  test('a switch is put before the scheduler, which alone decides', async () => {
    const path = '/switch?service=ollama&model=llama3:8b&force=true';
    const first = await ask('POST', path);
    expect(first.status).toBe(202);
    const second = await ask('POST', '/api/process/switch?service=comfyui');
    expect(second.body).toMatchObject({ service: 'comfyui' });
    const kept: unknown = JSON.parse((await redis.get(gpuKeys('gpu8').order)) ?? 'null');
    expect(kept).toMatchObject({ id: second.body['order_id'], engine: 'comfyui' });
    expect(await orders()).toEqual([
      {
        type: 'order',
        order: { id: first.body['order_id'], engine: 'ollama', model: 'llama3:8b', force: true },
      },
      {
        type: 'order',
        order: { id: second.body['order_id'], engine: 'comfyui', model: null, force: false },
      },
    ]);
  });
});

describe('logs of an engine', () => {
  test('come with times, oldest first, over HTTP and by call', async () => {
    await askComfyui(`/say?line=one&line=${encodeURIComponent('\u001b[31mtwo\u001b[0m\u0007')}`);
    await eventually(async () => {
      const { text } = await ask('GET', '/logs?service=comfyui&lines=2');
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one\n\S+Z two\n$/);
      return true;
    });
    const { lines } = await calls.call(readEngineLogs, { engine: 'comfyui', lines: 2 });
    expect(lines.map(({ text }) => text)).toEqual(['one', '\u001b[31mtwo\u001b[0m\u0007']);
  });

  test('are followed for as long as the client stays', async () => {
    const incoming = await open('GET', '/logs?service=comfyui&lines=1&follow=true');
    let seen = '';
    incoming.on('data', (bytes: Buffer) => (seen += bytes.toString()));
    incoming.on('error', () => undefined);
    await eventually(() => seen !== '');
    await askComfyui('/say?line=later');
    await eventually(() => seen.endsWith(' later\n'));
    incoming.destroy();
  });

  test('a client that leaves gives its place back', async () => {
    for (let round = 0; round < 2; round += 1) {
      const clients: IncomingMessage[] = [];
      await eventually(async () => {
        while (clients.length < 16) {
          const incoming = await open('GET', '/logs?service=comfyui&follow=true');
          incoming.on('error', () => undefined).resume();
          if (incoming.statusCode !== 200) return false;
          clients.push(incoming);
        }
        return true;
      });
      expect((await ask('GET', '/logs?service=comfyui&follow=true')).status).toBe(429);
      for (const client of clients) client.destroy();
    }
  });

  test('of an engine that was running before us cannot be read, and that is said', async () => {
    expect((await ask('GET', '/logs?service=ollama')).body).toMatchObject({
      status: 409,
      code: 'engine.no_logs',
    });
    expect((await ask('GET', '/logs?service=ollama&follow=true')).status).toBe(409);
    await expect(calls.call(readEngineLogs, { engine: 'ollama' })).rejects.toMatchObject({
      code: 'engine.no_logs',
    });
  });
});

describe('a restart', () => {
  test('of an engine that is not ours is refused', async () => {
    expect((await ask('POST', '/restart?service=ollama')).body).toMatchObject({
      status: 409,
      code: 'engine.not_ours',
    });
    await expect(calls.call(restartEngine, { engine: 'ollama' })).rejects.toMatchObject({
      code: 'engine.not_ours',
    });
  });

  test('shuts the door first, and another process comes up', async () => {
    const lane = { engine: 'comfyui' } as const;
    await calls.call(startSwap, { swapId: 'r1', fence: 1, to: lane, drainMs: 0 });
    await eventually(async () => (await calls.call(readNodeStatus, {})).owner !== null);
    await calls.call(admitLease, { leaseId: 'r', fence: 1, lane });
    const lease = { 'x-baton-lease': 'r', 'x-baton-fence': '1' };
    expect((await ask('GET', '/engines/comfyui/queue', lease)).status).toBe(200);
    const before = await comfyuiPid();
    expect((await ask('POST', '/restart?service=comfyui')).status).toBe(202);
    expect((await ask('GET', '/engines/comfyui/queue', lease)).status).toBe(403);
    await eventually(async () => (await stateOf('comfyui')) === 'ready' && (await comfyuiPid()) !== before);
    const { owner, admitted } = await calls.call(readNodeStatus, {});
    expect({ owner, admitted }).toEqual({ owner: null, admitted: [] });
  });

  test('asked for twice at once is one, by call as over HTTP', async () => {
    const before = await comfyuiPid();
    await Promise.all([
      calls.call(restartEngine, { engine: 'comfyui' }),
      calls.call(restartEngine, { engine: 'comfyui' }),
      ask('POST', '/api/process/restart?service=comfyui'),
    ]);
    await eventually(async () => (await stateOf('comfyui')) === 'ready' && (await comfyuiPid()) !== before);
    const restarts = await eventually(() => service.app.get(Runtime).engines.all[1]?.managed.restarts);
    expect(restarts).toBe(2);
  });
});
