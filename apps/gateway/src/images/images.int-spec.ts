import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { INTERNAL_HEADERS } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { GatewayHarness } from '../testing/gateway-harness.ts';
import { PICTURE_TRANSFERS, type PictureTransfers } from './image-files.client.ts';

let gateway: GatewayHarness;
let upstream: Server;
let token: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let openUpstream = 0;

beforeAll(async () => {
  upstream = createServer((request, response) => {
    openUpstream += 1;
    response.once('close', () => (openUpstream -= 1));
    response.on('error', () => undefined);
    answer(request, response);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = await GatewayHarness.start({ IMAGE_SERVICE_URL: `http://127.0.0.1:${port}` });
  token = await gateway.register('painter');
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

test('the picture passes through with its validators, for this user’s browser only', async () => {
  const asked: IncomingMessage[] = [];
  answer = (request, response) => {
    asked.push(request);
    response.writeHead(200, {
      'content-type': 'image/png',
      'content-length': 4,
      etag: '"abc"',
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'set-cookie': 'inner=1',
      server: 'inner',
    });
    response.end('PNG!');
  };
  const file = await gateway.ask('/api/images/5/file', { token });
  expect(file).toMatchObject({ status: 200, body: 'PNG!' });
  expect(Object.fromEntries(file.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': '4',
    etag: '"abc"',
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-disposition': 'inline; filename="baton-5.png"',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  });
  expect(file.headers.get('set-cookie')).toBeNull();
  expect(file.headers.get('server')).toBeNull();
  await gateway.ask('/api/images/5/thumbnail', { token });
  await gateway.ask('/api/images/preview/9', { token });
  await gateway.ask('/api/images/5/file?metadata=true', { token });
  expect(await gateway.ask('/api/images/5/file?metadata=yes', { token })).toMatchObject({ status: 400 });
  expect(asked.map(({ url }) => url)).toEqual([
    '/internal/images/5/file',
    '/internal/images/5/thumbnail',
    '/internal/messages/9/preview',
    '/internal/images/5/annotated',
  ]);
  for (const { headers } of asked) {
    expect(headers[INTERNAL_HEADERS.userId]).toBe('1');
    expect(headers[INTERNAL_HEADERS.secret]).toBeTruthy();
    expect(headers.authorization).toBeUndefined();
  }
});

test('ranges and conditional requests are answered by image-service', async () => {
  answer = (request, response) => {
    if (request.headers['if-none-match'] === '"abc"') response.writeHead(304, { etag: '"abc"' }).end();
    else if (request.headers.range === 'bytes=1-2') {
      response.writeHead(206, { 'content-type': 'image/png', 'content-range': 'bytes 1-2/4' }).end('NG');
    } else response.writeHead(416, { 'content-range': 'bytes */4' }).end();
  };
  const fresh = await gateway.ask('/api/images/5/file', { token, headers: { 'if-none-match': '"abc"' } });
  expect(fresh).toMatchObject({ status: 304, body: undefined });
  const part = await gateway.ask('/api/images/5/file', { token, headers: { range: 'bytes=1-2' } });
  expect(part).toMatchObject({ status: 206, body: 'NG' });
  expect(part.headers.get('content-range')).toBe('bytes 1-2/4');
  const none = await gateway.ask('/api/images/5/file', { token, headers: { range: 'bytes=9-' } });
  expect(none.status).toBe(416);
});

test('what is not there or not mine is a 404 problem, and an inner failure a 503, without the inner words', async () => {
  answer = (_, response) =>
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no file /data/images/5.png');
  const gone = await gateway.ask('/api/images/5/file', { token });
  expect(gone).toMatchObject({ status: 404, body: { code: 'image.not_found' } });
  expect(JSON.stringify(gone.body)).not.toContain('/data');
  answer = (_, response) => response.writeHead(500).end('stack trace');
  expect(await gateway.ask('/api/images/5/file', { token })).toMatchObject({
    status: 503,
    body: { code: 'call.unreachable' },
  });
});

test('a client that leaves in the middle of a picture ends the transfer', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': 50_000_000 });
    response.write('x'.repeat(100_000));
  };
  const leaving = new AbortController();
  const response = await fetch(`${gateway.url}/api/images/5/file`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  expect(openUpstream).toBe(1);
  leaving.abort();
  await eventually(() => openUpstream === 0);
});

test('readers who take nothing hold up nobody else, and are let go after a while', async () => {
  const transfers: { -readonly [Key in keyof PictureTransfers]: PictureTransfers[Key] } =
    gateway.app.get(PICTURE_TRANSFERS);
  transfers.stalledMs = 1_500;
  const large = Buffer.alloc(16_000_000);
  answer = ({ url }, response) => {
    if (url === '/internal/images/6/file') {
      response.writeHead(200, { 'content-type': 'image/png' }).end('PNG!');
      return;
    }
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': large.length }).end(large);
  };
  const leaving = new AbortController();
  const lazy = await Promise.all(
    Array.from({ length: 70 }, () =>
      fetch(`${gateway.url}/api/images/5/file`, {
        headers: { authorization: `Bearer ${token}` },
        signal: leaving.signal,
      }),
    ),
  );
  expect(lazy.map(({ status }) => status)).toEqual(Array<number>(70).fill(200));
  expect(await gateway.ask('/api/images/6/file', { token })).toMatchObject({ status: 200, body: 'PNG!' });
  await eventually(() => openUpstream === 0);
  leaving.abort();
  for (const { body } of lazy) await body?.cancel().catch(() => undefined);
});
