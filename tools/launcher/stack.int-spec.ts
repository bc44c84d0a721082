import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Console } from './console.ts';
import { innerPorts } from './ports.ts';
import { SERVICES, programOf } from './services.ts';
import type { ServiceName, StackSettings } from './services.ts';
import { Stack } from './stack.ts';

/** A service reduced to what the launcher sees of one: it gets ready, notes its end, and dies when told to. */
const STAND_IN = `
  import { appendFileSync } from 'node:fs';
  import { createServer } from 'node:http';
  import { basename, dirname } from 'node:path';
  const name = basename(dirname(dirname(import.meta.filename)));
  const note = (what) => appendFileSync(process.env.NOTES, what + ' ' + name + ' ' + process.pid + '\\n');
  const server = createServer((request, response) => {
    response.end('{}');
    if (request.url === '/die') process.exit(3);
  });
  server.listen(Number(process.env.HTTP_PORT), '127.0.0.1', () => {
    note('start');
    process.send({ type: 'ready' });
  });
  const end = () => { note('stop'); process.exit(0); };
  process.once('SIGTERM', end);
  process.once('disconnect', end);
`;

let root: string;
let stack: Stack;
let said: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'baton-stack-'));
  for (const service of SERVICES) writeProgram(service, STAND_IN);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'notes'), '');
  said = [];
  const console: Console = {
    say: (text) => void said.push(text),
    listenerFor: () => () => undefined,
    quietListenerFor: () => () => undefined,
    close: () => undefined,
  };
  stack = new Stack(console);
});

afterEach(async () => {
  await stack.stop();
  rmSync(root, { recursive: true });
});

function writeProgram(service: ServiceName, source: string): void {
  const program = programOf(root, service);
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, source);
}

function notes(): string[][] {
  const lines = readFileSync(join(root, 'notes'), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split(' '));
}

async function settings(): Promise<StackSettings> {
  const ports = await innerPorts(SERVICES.length);
  const at = (index: number) => ({ host: '127.0.0.1', httpPort: ports[index] ?? 0, rpcPort: null });
  return {
    root,
    dataDir: root,
    redisUrl: 'redis://127.0.0.1:1',
    secrets: {},
    addresses: {
      'process-manager': at(0),
      'gpu-scheduler': at(1),
      'chat-service': at(2),
      'image-service': at(3),
      gateway: at(4),
    },
    engines: { ollama: { kind: 'configured' }, comfyui: { kind: 'configured' } },
    cardUrl: null,
  };
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, NOTES: join(root, 'notes') });

test('all services start, and stop with the gateway first and the process-manager last', async () => {
  await stack.startServices(await settings(), environment());
  expect(notes().map(([what, name]) => `${what} ${name}`)).toHaveLength(SERVICES.length);
  await stack.stop();
  const ended = notes()
    .filter(([what]) => what === 'stop')
    .map(([, name]) => name);
  expect(ended).toHaveLength(SERVICES.length);
  expect(ended[0]).toBe('gateway');
  expect(ended.slice(-2)).toEqual(['gpu-scheduler', 'process-manager']);
});

test('a service that dies at start is named, with its last words', async () => {
  writeProgram('image-service', `console.error('no such database'); process.exit(1);`);
  await expect(stack.startServices(await settings(), environment())).rejects.toThrow(
    /image-service did not start: it ended: exit code 1[^]*no such database/,
  );
});

test('a port that somebody takes at the last moment is exchanged for another, with all the others', async () => {
  const rival = createServer().listen(0, '127.0.0.1');
  await once(rival, 'listening');
  const { port } = rival.address() as AddressInfo;
  const { addresses: free, ...rest } = await settings();
  const taken = { ...free, gateway: { ...free.gateway, httpPort: port } };
  const choices = [taken, free];
  const used = await stack.startServicesAt(async () => choices.shift() ?? free, rest, environment());
  expect(used).toBe(free);
  expect(said).toEqual(['Another program took a port meanwhile; the services start again with others.']);
  const alive =
    notes().filter(([what]) => what === 'start').length - notes().filter(([what]) => what === 'stop').length;
  expect(alive).toBe(SERVICES.length);
  rival.close();
});

test('a service that dies later is started again, at the same address', async () => {
  const where = await settings();
  await stack.startServices(where, environment());
  const url = `http://127.0.0.1:${where.addresses['chat-service'].httpPort}`;
  await fetch(`${url}/die`)
    .then((response) => response.text())
    .catch(() => undefined);
  await eventually(() => said.includes('chat-service runs again.'), { timeoutMs: 10_000 });
  await expect(fetch(`${url}/health/ready`).then((response) => response.status)).resolves.toBe(200);
  expect(said[0]).toMatch(/chat-service ended by itself \(exit code 3\)/);
});

test('a private Redis that is killed comes back with what it had', async () => {
  const { Redis } = await import('ioredis');
  const url = await stack.startRedis(join(root, 'redis'));
  const client = new Redis(url, { retryStrategy: () => 50 });
  client.on('error', () => undefined);
  try {
    await client.set('key', 'kept');
    await client.shutdown('NOSAVE').catch(() => undefined);
    await eventually(() => said.includes('redis runs again.'), { timeoutMs: 10_000 });
    await expect(client.get('key')).resolves.toBe('kept');
  } finally {
    client.disconnect();
  }
});
