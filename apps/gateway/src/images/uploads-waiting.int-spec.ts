import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UploadedImage } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { GatewayHarness } from '../testing/gateway-harness.ts';

const STORED: UploadedImage = {
  id: 9,
  width: 4,
  height: 3,
  media_type: 'image/png',
  size_bytes: 70,
  url: '/api/images/9/file',
  thumbnail_url: '/api/images/9/thumbnail',
  created_at: '2026-11-21T10:00:00.000Z',
};
/** image-service reads a body into memory: so many of one person, and of all, at a time. */
const [OF_ONE, OF_ALL] = [3, 16];

let gateway: GatewayHarness;
let upstream: Server;
let tokens: string[];
const held: ServerResponse[] = [];
let isHolding = true;

function store(response: ServerResponse): void {
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(STORED));
}

beforeAll(async () => {
  upstream = createServer((request, response) => {
    if (request.method === 'POST') {
      if (isHolding) held.push(response);
      else store(response);
    } else response.writeHead(200, { 'content-type': 'image/png' }).end('a picture');
    request.resume();
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = await GatewayHarness.start({ IMAGE_SERVICE_URL: `http://127.0.0.1:${port}` });
  tokens = [];
  for (const name of ['anna', 'boris', 'carla', 'denis', 'elena', 'fedor', 'galina'])
    tokens.push(await gateway.register(name));
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

function upload(token: string, signal: AbortSignal): Promise<number | null> {
  const body = new FormData();
  body.append('file', new Blob(['a picture']), 'a.png');
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${gateway.url}/api/image/upload`, { method: 'POST', headers, body, signal }).then(
    ({ status }) => status,
    () => null,
  );
}

test('uploads that take long hold up nobody’s pictures, and few of them are in memory at a time', async () => {
  const leave = new AbortController();
  const [first = '', ...others] = tokens;
  const uploads = Array.from({ length: 70 }, () => upload(first, leave.signal));
  await eventually(() => held.length === OF_ONE);
  for (const token of others) uploads.push(...Array.from({ length: 5 }, () => upload(token, leave.signal)));
  await eventually(() => held.length === OF_ALL);

  const headers = { authorization: `Bearer ${first}` };
  const signal = AbortSignal.timeout(5_000);
  const file = await fetch(`${gateway.url}/api/images/1/file`, { headers, signal });
  expect([file.status, await file.text()]).toEqual([200, 'a picture']);
  expect(held).toHaveLength(OF_ALL);

  // Who has left holds up nobody.
  leave.abort();
  await Promise.all(uploads);
  isHolding = false;
  for (const response of held) store(response);
  await expect(upload(first, AbortSignal.timeout(10_000))).resolves.toBe(201);
});
