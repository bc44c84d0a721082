import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { INTERNAL_HEADERS, type UploadedImage } from '@baton/contracts';
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

let gateway: GatewayHarness;
let upstream: Server;
let token: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let open = 0;

beforeAll(async () => {
  upstream = createServer((request, response) => {
    open += 1;
    response.once('close', () => (open -= 1));
    answer(request, response);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = await GatewayHarness.start({
    IMAGE_SERVICE_URL: `http://127.0.0.1:${port}`,
    IMAGE_MAX_UPLOAD_MB: '1',
  });
  token = await gateway.register('painter');
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

async function send(form: FormData, as: string | null = token) {
  const response = await fetch(`${gateway.url}/api/image/upload`, {
    method: 'POST',
    headers: as === null ? {} : { authorization: `Bearer ${as}` },
    body: form,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function formOf(bytes: Buffer<ArrayBuffer>, field = 'file'): FormData {
  const form = new FormData();
  form.append(field, new Blob([bytes]), '../../etc/passwd');
  return form;
}

/** Something that calls itself a form. */
async function sendRaw(chunks: readonly string[]): Promise<unknown> {
  const response = await fetch(`${gateway.url}/api/image/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=b' },
    body: chunks.join(''),
  });
  return response.json();
}

test('the bytes go to image-service as they are, for this user, without the file’s name', async () => {
  const asked: { readonly headers: IncomingMessage['headers']; readonly body: Buffer }[] = [];
  answer = (request, response) => {
    void buffer(request).then((body) => {
      asked.push({ headers: request.headers, body });
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(STORED));
    });
  };
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
  expect(await send(formOf(bytes))).toEqual({ status: 201, body: STORED });
  expect(asked[0]?.body.equals(bytes)).toBe(true);
  expect(asked[0]?.headers[INTERNAL_HEADERS.userId]).toBe('1');
  expect(JSON.stringify(asked[0]?.headers)).not.toContain('passwd');
});

test('what image-service refuses is told with its code and fields, and nothing else of it', async () => {
  answer = (request, response) => {
    request.resume();
    response.writeHead(422, { 'content-type': 'application/problem+json' }).end(
      JSON.stringify({
        type: 'x',
        title: 'inner words /data/images',
        status: 422,
        code: 'image.not_an_image',
        retry: 'never',
        correlation_id: 'c',
        errors: [{ field: 'file', message: 'is empty' }],
      }),
    );
  };
  const { status, body } = await send(formOf(Buffer.from('text')));
  expect([status, body]).toMatchObject([
    422,
    { code: 'image.not_an_image', errors: [{ field: 'file', message: 'is empty' }] },
  ]);
  expect(JSON.stringify(body)).not.toContain('/data');
});

test('a file that is too large is refused before it is stored', async () => {
  let hasArrived = false;
  answer = (request, response) => {
    buffer(request).then(
      () => {
        hasArrived = true;
        response.writeHead(201).end('{}');
      },
      () => undefined,
    );
  };
  expect(await send(formOf(Buffer.alloc(1_500_000)))).toMatchObject({
    status: 413,
    body: {
      code: 'request.too_large',
      errors: [{ field: 'file', message: expect.stringContaining('1 MiB') }],
    },
  });
  expect(hasArrived).toBe(false);
  await eventually(() => open === 0);
});

describe('refused without asking image-service', () => {
  beforeAll(() => {
    answer = (_, response) => response.writeHead(500).end();
  });

  test('whoever has no token', async () => {
    expect(await send(formOf(Buffer.from('x')), null)).toMatchObject({
      status: 401,
      body: { code: 'auth.required' },
    });
  });

  test('a form without a file, or with another name for it', async () => {
    expect(await send(new FormData())).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect(await send(formOf(Buffer.from('x'), 'picture'))).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'file' }] },
    });
  });

  test('a form with more than one file in it, before the file or in its place', async () => {
    const field = new FormData();
    field.append('chat_id', '1');
    field.append('file', new Blob(['x']), 'a.png');
    const words = new FormData();
    words.append('file', 'hello');
    const many = new FormData();
    for (let n = 0; n < 500; n += 1) many.append(`field${n}`, 'x');
    for (const form of [field, words, many]) {
      expect(await send(form)).toMatchObject({
        status: 400,
        body: { code: 'request.invalid', errors: [{ field: 'file' }] },
      });
    }
  });

  test('what is no form at all', async () => {
    expect(await sendRaw(['--b\r\n garbage'])).toMatchObject({ code: 'request.invalid', status: 400 });
    expect(await sendRaw([])).toMatchObject({ code: 'request.invalid', status: 400 });
  });

  test('JSON, and forms for any other route', async () => {
    const json = await gateway.ask('/api/image/upload', { method: 'POST', token, json: {} });
    expect(json).toMatchObject({ status: 415, body: { code: 'request.unsupported_media_type' } });
    const response = await fetch(`${gateway.url}/api/chats`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: formOf(Buffer.from('x')),
    });
    expect(response.status).toBe(415);
  });
});

test('nothing is stored of a form that is broken off, or that has more in it after the file', async () => {
  let hasArrived = false;
  answer = (request, response) => {
    buffer(request).then(
      () => {
        hasArrived = true;
        response.writeHead(201).end('{}');
      },
      () => undefined,
    );
  };
  const second = formOf(Buffer.from('first'));
  second.append('file', new Blob(['second']), 'b.png');
  const field = formOf(Buffer.from('first'));
  field.append('chat_id', '1');
  const broken = ['--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n', 'first\r\n'];
  for (const refused of [(await send(second)).body, (await send(field)).body, await sendRaw(broken)]) {
    expect(refused).toMatchObject({ status: 400, code: 'request.invalid', errors: [{ field: 'file' }] });
  }
  await eventually(() => open === 0);
  expect(hasArrived).toBe(false);
});

test('a client that leaves in the middle ends the transfer', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<true>();
  answer = (request) => {
    request.once('data', () => begin(true));
    request.on('error', () => undefined);
  };
  const { hostname, port } = new URL(gateway.url);
  const leaving = httpRequest({
    hostname,
    port,
    path: '/api/image/upload',
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=b' },
  });
  leaving.on('error', () => undefined);
  leaving.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n');
  leaving.write('x'.repeat(200_000));
  await begun;
  leaving.destroy();
  await eventually(() => open === 0);
});

test('an image-service that is away is a 503', async () => {
  answer = (request) => request.socket.destroy();
  expect(await send(formOf(Buffer.from('x')))).toMatchObject({
    status: 503,
    body: { code: 'call.unreachable' },
  });
});
