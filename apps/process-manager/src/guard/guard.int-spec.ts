import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import type { Lane } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { Gate } from '../core/gate.ts';
import { ComfyuiClient } from '../engines/comfyui.client.ts';
import { EngineHttp } from '../engines/engine-http.ts';
import { FenceStore } from '../swap/fence.store.ts';
import { FakeCard } from '../testing/fake-card.ts';
import { FakeComfyui } from '../testing/fake-comfyui.ts';
import { GuardService } from './guard.service.ts';

const LLAMA: Lane = { engine: 'ollama', instance: 'main', model: 'llama3:8b' };
const COMFYUI: Lane = { engine: 'comfyui' };
const CHAT = '{"model":"llama3:8b"}';
const HEADERS = { 'x-baton-lease': 'lease-1', 'x-baton-fence': '7' };
const PROMPT = '6b1f8a1e-3b57-4c5e-9c39-0f6f3f0c7a11';

let folder: string;
let closers: (() => unknown)[];
const addresses = new Map<string, string>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-guard-'));
  closers = [];
  addresses.clear();
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

interface Refused {
  readonly engine: string;
  readonly code: string;
}

/** A guard whose gate is open for `lane` with fence 7, and lease-1 admitted. */
async function startGuard(lane: Lane, revokeTimeoutMs = 5_000) {
  const fences = new FenceStore(join(folder, 'fence.json'));
  const gate = new Gate(fences.highestFence);
  const http = new EngineHttp();
  const comfyui = new ComfyuiClient(http, systemClock);
  const refusals: Refused[] = [];
  const guard = new GuardService({
    gate,
    fences,
    clock: systemClock,
    revokeTimeoutMs,
    metrics: {
      passed: () => undefined,
      refused: (engine, error) => refusals.push({ engine, code: (error as { code: string }).code }),
    },
    engines: {
      urlOf: (engine) => addresses.get(engine) ?? null,
      endPrompts: (ids, looks, signal) =>
        comfyui.endPrompts(addresses.get('comfyui') ?? '', ids, looks, signal).then(
          () => true,
          () => false,
        ),
    },
  });
  gate.seeFence(7);
  gate.open({
    key: lane.engine === 'comfyui' ? 'comfyui' : `ollama:main:${lane.model}`,
    engine: lane.engine,
  });
  guard.admit('lease-1', 7, lane);
  const { server, url } = await serve((request, response) => void guard.handle(request, response));
  server.on('upgrade', (request, socket, head) => guard.handleUpgrade(request, socket, head));
  closers.push(
    () => http.close(),
    () => guard.close(),
  );
  return { guard, gate, url, refusals };
}

function ask(url: string, init: { method?: string; headers?: Record<string, string> } = {}): ClientRequest {
  const outgoing = httpRequest(url, {
    method: init.method ?? 'GET',
    headers: { ...HEADERS, ...init.headers },
    agent: false,
  });
  outgoing.on('error', () => undefined);
  return outgoing;
}

async function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  incoming.on('error', () => undefined);
  return incoming;
}

/** Unlike `once`, not upset when it breaks off. */
function closeOf(stream: IncomingMessage | Parameters<RequestListener>[1]): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

/** An engine that keeps every answer open until the test goes on. */
async function heldEngine(name: 'ollama' | 'comfyui') {
  const arrived: { request: IncomingMessage; response: Parameters<RequestListener>[1] }[] = [];
  const { url } = await serve((request, response) => arrived.push({ request, response }));
  addresses.set(name, url);
  return { arrived, next: () => eventually(() => arrived[0]) };
}

describe('a request through the guard', () => {
  test('reaches the engine with method, query, body and its own headers, and without what is ours', async () => {
    const { url: engine } = await serve((request, response) => {
      void textOf(request).then((body) =>
        response.end(
          JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
        ),
      );
    });
    addresses.set('ollama', engine);
    const { url } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat?a=%20b`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: 'http://evil',
        cookie: 'a=b',
        authorization: 'Bearer x',
        'x-forwarded-for': '1.2.3.4',
        connection: 'close, x-private',
        'x-private': 'y',
      },
    });
    outgoing.end('{"model":"llama3:8b"}');
    const seen = JSON.parse(await textOf(await answerOf(outgoing))) as { headers: Record<string, string> };
    expect(seen).toMatchObject({ method: 'POST', url: '/api/chat?a=%20b', body: '{"model":"llama3:8b"}' });
    expect(seen.headers['host']).toBe(new URL(engine).host);
    expect(Object.keys(seen.headers).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
    ]);
  });

  test('gets the status and the headers of the engine', async () => {
    const { url: engine } = await serve((_, response) =>
      response.writeHead(404, { 'x-engine': 'yes' }).end('gone'),
    );
    addresses.set('ollama', engine);
    const { url } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/tags`);
    outgoing.end();
    const answer = await answerOf(outgoing);
    expect([answer.statusCode, answer.headers['x-engine'], await textOf(answer)]).toEqual([
      404,
      'yes',
      'gone',
    ]);
  });

  test('is answered piece by piece: nothing waits for what comes after it', async () => {
    const engine = await heldEngine('ollama');
    const { url } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    const { response } = await engine.next();
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    const answer = await answerOf(outgoing);
    for (const piece of ['{"n":1}\n', '{"n":2}\n']) {
      // The next piece is not written before this one has arrived: a guard that gathers would hang here.
      response.write(piece);
      const [chunk] = (await once(answer, 'data')) as [Buffer];
      expect(chunk.toString()).toBe(piece);
    }
    response.end();
    await once(answer, 'end');
  });

  test('is sent piece by piece as well', async () => {
    const engine = await heldEngine('comfyui');
    const { url } = await startGuard(COMFYUI);
    const outgoing = ask(`${url}/engines/comfyui/upload/image`, { method: 'POST' });
    outgoing.write('first');
    const { request, response } = await engine.next();
    const [chunk] = (await once(request, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('first');
    outgoing.end();
    response.end('{}');
    expect((await answerOf(outgoing)).statusCode).toBe(200);
  });

  test('a large upload waits for an engine that does not read, and arrives whole when it does', async () => {
    const size = 64 * 1_048_576;
    const engine = await heldEngine('comfyui');
    const { url } = await startGuard(COMFYUI);
    const outgoing = ask(`${url}/engines/comfyui/upload/image`, { method: 'POST' });
    outgoing.write(Buffer.alloc(size));
    outgoing.end();
    const { request, response } = await engine.next();
    const isStill = () => outgoing.socket?.bytesWritten;
    let before = -1;
    // The pipe between client and engine is full: nothing more is taken from the client.
    await eventually(
      () => {
        const written = isStill() ?? 0;
        const stands = written === before && (outgoing.socket?.writableLength ?? 0) > size / 4;
        before = written;
        return stands;
      },
      { everyMs: 100 },
    );
    let received = 0;
    request.on('data', (chunk: Buffer) => (received += chunk.length));
    await once(request, 'end');
    expect(received).toBe(size);
    response.end('{}');
    expect((await answerOf(outgoing)).statusCode).toBe(200);
  }, 20_000);

  test('a client that leaves closes the connection to the engine at once', async () => {
    const engine = await heldEngine('ollama');
    const { url, guard } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    const { response } = await engine.next();
    const left = closeOf(response);
    outgoing.destroy();
    await left;
    await eventually(() => guard.openConnections === 0);
  });

  test('an engine that breaks off breaks off for the client, too', async () => {
    const engine = await heldEngine('ollama');
    const { url } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    const { response } = await engine.next();
    response.write('half');
    const answer = await answerOf(outgoing);
    await once(answer, 'data');
    const broken = closeOf(answer);
    response.destroy();
    await broken;
    expect(answer.complete).toBe(false);
  });

  test('an engine that is not there is a problem of kind engine.unavailable', async () => {
    addresses.set('ollama', 'http://127.0.0.1:1');
    const { url } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/tags`);
    outgoing.end();
    const answer = await answerOf(outgoing);
    expect(answer.statusCode).toBe(503);
    expect(JSON.parse(await textOf(answer))).toMatchObject({ code: 'engine.unavailable' });
  });
});

describe('what the guard refuses never reaches an engine:', () => {
  const cases: [
    string,
    { path?: string; method?: string; headers?: Record<string, string> },
    number,
    string,
  ][] = [
    ['no lease', { headers: { 'x-baton-lease': '' } }, 403, 'gpu.lease_required'],
    ['an unknown lease', { headers: { 'x-baton-lease': 'lease-2' } }, 403, 'gpu.lease_required'],
    ['an old fence', { headers: { 'x-baton-fence': '6' } }, 409, 'gpu.stale_fence'],
    ['a fence that is no number', { headers: { 'x-baton-fence': '7x' } }, 403, 'gpu.lease_required'],
    ['the engine of another lane', { path: '/engines/comfyui/queue' }, 409, 'gpu.lease_lost'],
    [
      'a path off the list',
      { path: '/engines/ollama/api/delete', method: 'DELETE' },
      404,
      'request.not_found',
    ],
    [
      'a path with an escape',
      { path: '/engines/ollama/api/chat/%2e%2e/pull', method: 'POST' },
      404,
      'request.not_found',
    ],
    ['a GET with a body', { headers: { 'content-length': '3' } }, 400, 'request.invalid'],
  ];

  test.each(cases)('%s', async (_, request, status, code) => {
    const engine = await heldEngine('ollama');
    addresses.set('comfyui', addresses.get('ollama') ?? '');
    const { url, refusals } = await startGuard(LLAMA);
    const outgoing = ask(`${url}${request.path ?? '/engines/ollama/api/tags'}`, request);
    outgoing.end(request.headers?.['content-length'] === undefined ? undefined : 'abc');
    const answer = await answerOf(outgoing);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(await textOf(answer))).toMatchObject({ status, code });
    expect(refusals.map((refused) => refused.code)).toEqual([code]);
    expect(engine.arrived).toEqual([]);
  });

  test('anything while the gate is closed', async () => {
    const engine = await heldEngine('ollama');
    const { url, gate } = await startGuard(LLAMA);
    gate.close();
    const outgoing = ask(`${url}/engines/ollama/api/tags`);
    outgoing.end();
    expect((await answerOf(outgoing)).statusCode).toBe(409);
    expect(engine.arrived).toEqual([]);
  });

  test('a prompt without an id, and a prompt whose turn ended while its body came in', async () => {
    const engine = await heldEngine('comfyui');
    const { url, gate } = await startGuard(COMFYUI);
    const nameless = ask(`${url}/engines/comfyui/prompt`, { method: 'POST' });
    nameless.end('{"prompt":{}}');
    const answer = await answerOf(nameless);
    expect(JSON.parse(await textOf(answer))).toMatchObject({
      code: 'request.invalid',
      errors: [{ field: 'prompt_id' }],
    });
    const foreign = ask(`${url}/engines/comfyui/prompt`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-16' },
    });
    foreign.end(`{"prompt_id":"${PROMPT}"}`);
    expect(JSON.parse(await textOf(await answerOf(foreign)))).toMatchObject({
      code: 'request.invalid',
      errors: [{ field: 'content-type' }],
    });
    const slow = ask(`${url}/engines/comfyui/prompt`, { method: 'POST' });
    slow.write(`{"prompt_id":"${PROMPT}",`);
    await once(slow, 'socket');
    gate.close();
    slow.end('"prompt":{}}');
    expect((await answerOf(slow)).statusCode).toBe(409);
    expect(engine.arrived).toEqual([]);
  });

  test('the interrupt of a prompt that this lease did not submit', async () => {
    const engine = await heldEngine('comfyui');
    const { url } = await startGuard(COMFYUI);
    const outgoing = ask(`${url}/engines/comfyui/interrupt`, { method: 'POST' });
    outgoing.end(`{"prompt_id":"${PROMPT}"}`);
    expect((await answerOf(outgoing)).statusCode).toBe(403);
    expect(engine.arrived).toEqual([]);
  });
});

describe('a revoked lease', () => {
  test('loses its connections on both sides, and gets no more', async () => {
    const engine = await heldEngine('ollama');
    const { url, guard } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    const { response } = await engine.next();
    response.write('half');
    const answer = await answerOf(outgoing);
    const ends = Promise.all([closeOf(answer), closeOf(response)]);
    expect(await guard.revoke('lease-1')).toMatchObject({ quiet: true, openConnections: 0 });
    await ends;
    const again = ask(`${url}/engines/ollama/api/tags`);
    again.end();
    expect((await answerOf(again)).statusCode).toBe(403);
    expect(await guard.revoke('lease-1')).toMatchObject({ quiet: true });
  });

  test('that still waits for headers is told that it was taken back', async () => {
    const engine = await heldEngine('ollama');
    const { url, guard } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    await engine.next();
    const answered = answerOf(outgoing);
    await guard.revoke('lease-1');
    expect(JSON.parse(await textOf(await answered))).toMatchObject({ code: 'gpu.lease_lost' });
  });

  test('has its prompt interrupted until it is gone, although interrupts get lost, and others are let be', async () => {
    const comfyui = await new FakeComfyui(new FakeCard()).listen();
    closers.push(() => comfyui.close());
    addresses.set('comfyui', comfyui.url);
    const { url, guard } = await startGuard(COMFYUI);
    const outgoing = ask(`${url}/engines/comfyui/prompt`, { method: 'POST' });
    outgoing.end(JSON.stringify({ prompt_id: PROMPT, prompt: {} }));
    expect(JSON.parse(await textOf(await answerOf(outgoing)))).toMatchObject({ prompt_id: PROMPT });
    comfyui.pending.push('somebody-elses');
    comfyui.lostInterrupts = 2;
    expect((await guard.revoke('lease-1')).quiet).toBe(true);
    expect(comfyui.running).toEqual([]);
    expect(comfyui.pending).toEqual(['somebody-elses']);
  });

  test('whose prompt will not end is not quiet, in bounded time, and lets nobody in beside it', async () => {
    const comfyui = await new FakeComfyui(new FakeCard()).listen();
    closers.push(() => comfyui.close());
    addresses.set('comfyui', comfyui.url);
    const { url, guard } = await startGuard(COMFYUI, 300);
    const outgoing = ask(`${url}/engines/comfyui/prompt`, { method: 'POST' });
    outgoing.end(JSON.stringify({ prompt_id: PROMPT, prompt: {} }));
    await textOf(await answerOf(outgoing));
    comfyui.isZombie = true;
    expect((await guard.revoke('lease-1')).quiet).toBe(false);
    expect(() => guard.admit('lease-2', 7, COMFYUI)).toThrow(
      expect.objectContaining({ code: 'gpu.swap_failed' }),
    );
    comfyui.isZombie = false;
    expect((await guard.revoke('lease-1')).quiet).toBe(true);
    guard.admit('lease-2', 7, COMFYUI);
  });
});

describe('a WebSocket through the guard', () => {
  async function startEcho(): Promise<WebSocketServer> {
    const { server, url } = await serve((_, response) => response.writeHead(400).end());
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on('connection', (socket, request) => {
      socket.send(`hello ${request.url ?? ''} ${request.headers.origin ?? 'no origin'}`);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    addresses.set('comfyui', url);
    closers.push(() => {
      for (const client of sockets.clients) client.terminate();
    });
    return sockets;
  }

  const open = (url: string, headers: Record<string, string> = HEADERS): WebSocket => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/engines/comfyui/ws?clientId=c1`, {
      headers: { origin: 'http://evil', ...headers },
      perMessageDeflate: false,
    });
    socket.on('error', () => undefined);
    closers.push(() => socket.terminate());
    return socket;
  };

  test('carries text and binary frames both ways', async () => {
    await startEcho();
    const { url } = await startGuard(COMFYUI);
    const socket = open(url);
    const [hello] = (await once(socket, 'message')) as [Buffer];
    expect(hello.toString()).toBe('hello /ws?clientId=c1 no origin');
    const bytes = Buffer.alloc(300_000, 7);
    socket.send(bytes);
    const [echo, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
    expect([isBinary, echo.equals(bytes)]).toEqual([true, true]);
  });

  test('needs the lease as everything does', async () => {
    const sockets = await startEcho();
    const { url } = await startGuard(COMFYUI);
    const socket = open(url, { ...HEADERS, 'x-baton-fence': '6' });
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(answer.statusCode).toBe(409);
    answer.resume();
    expect(sockets.clients.size).toBe(0);
  });

  test('ends on both sides when its lease is revoked', async () => {
    const sockets = await startEcho();
    const { url, guard } = await startGuard(COMFYUI);
    const socket = open(url);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    expect((await guard.revoke('lease-1')).quiet).toBe(true);
    await closed;
    await eventually(() => sockets.clients.size === 0);
  });

  test('ends at the engine when the client goes', async () => {
    const sockets = await startEcho();
    const { url, guard } = await startGuard(COMFYUI);
    const socket = open(url);
    await once(socket, 'message');
    socket.terminate();
    await eventually(() => sockets.clients.size === 0 && guard.openConnections === 0);
  });
});

describe('draining', () => {
  test('waits for what runs to end by itself', async () => {
    const engine = await heldEngine('ollama');
    const { url, guard, gate } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    const { response } = await engine.next();
    gate.close();
    const drained = guard.drain(60_000, new AbortController().signal);
    response.end('whole');
    expect(await textOf(await answerOf(outgoing))).toBe('whole');
    expect(await drained).toBe(true);
    expect(gate.admitted).toEqual([]);
  });

  test('cuts what has not ended in time', async () => {
    const engine = await heldEngine('ollama');
    const { url, guard, gate } = await startGuard(LLAMA);
    const outgoing = ask(`${url}/engines/ollama/api/chat`, { method: 'POST' });
    outgoing.end(CHAT);
    const { response } = await engine.next();
    const closed = closeOf(response);
    gate.close();
    expect(await guard.drain(20, new AbortController().signal)).toBe(true);
    await closed;
  });
});
