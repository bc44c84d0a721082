import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { INTERNAL_HEADERS, checkImages, imageLink } from '@baton/contracts';
import { JwtService } from '@nestjs/jwt';
import { GatewayHarness, JWT_SECRET, type Answer } from '../testing/gateway-harness.ts';

let gateway: GatewayHarness;
let upstream: Server;
let token: string;
let stranger: string;
/** Address and owner of what image-service was asked for. */
let asked: string[];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    asked.push(`${request.url} ${String(request.headers[INTERNAL_HEADERS.userId])}`);
    response.writeHead(200, { 'content-type': 'image/png' }).end('PNG!');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = await GatewayHarness.start({ IMAGE_SERVICE_URL: `http://127.0.0.1:${port}` });
  token = await gateway.register('painter');
  stranger = await gateway.register('stranger');
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});
beforeEach(() => {
  asked = [];
  gateway.fake.on(checkImages, ({ imageIds }) => ({
    images: imageIds.map((id) => ({ image_id: id, width: 4, height: 3 })),
  }));
});
afterEach(() => gateway.fake.reset());

function wish(json: object = {}): Promise<Answer> {
  return gateway.ask('/api/images/5/link', { method: 'POST', token, json });
}

async function newLink(json: object = {}): Promise<string> {
  return imageLink.parse((await wish(json)).body).url;
}

/** Of our own making, with our secret. */
function signed(claims: object, options: object = {}): Promise<string> {
  const rules = { issuer: 'baton', audience: 'baton-picture', subject: '1', expiresIn: 60, ...options };
  return new JwtService({ secret: JWT_SECRET }).signAsync(claims, rules);
}

async function expectNoPicture(link: string): Promise<void> {
  expect(await gateway.ask(link)).toMatchObject({ status: 404, body: { code: 'image.link_expired' } });
  expect(asked).toEqual([]);
}

test('opens one picture without a token, as what it was made for, and says how long', async () => {
  const answer = await wish({ seconds: 600 });
  expect(answer.status).toBe(201);
  const { url, expires_at: expiresAt } = imageLink.parse(answer.body);
  const leftMs = Date.parse(expiresAt) - Date.now();
  expect([leftMs > 500_000, leftMs <= 600_000]).toEqual([true, true]);
  const opened = await gateway.ask(url);
  expect(opened).toMatchObject({ status: 200, body: 'PNG!' });
  // Kept without asking it would open longer than was said.
  expect(opened.headers.get('cache-control')).toBe('private, no-cache');
  expect(opened.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  await gateway.ask(await newLink({ kind: 'thumbnail' }));
  expect(asked).toEqual(['/internal/images/5/file 1', '/internal/images/5/thumbnail 1']);
});

test('whoever opens it, the owner’s right counts, and it opens nothing else', async () => {
  const link = await newLink();
  expect(await gateway.ask(link, { token: stranger })).toMatchObject({ status: 200 });
  expect(asked).toEqual(['/internal/images/5/file 1']);
  const linkToken = link.slice(link.lastIndexOf('/') + 1);
  for (const path of ['/api/auth/me', '/api/images/5/file', '/api/images']) {
    expect(await gateway.ask(path, { token: linkToken })).toMatchObject({ status: 401 });
  }
});

test('is not made for somebody else’s picture', async () => {
  gateway.fake.refuse(checkImages, 'image.not_found');
  expect(await wish()).toMatchObject({ status: 404, body: { code: 'image.not_found' } });
});

test('is no good once it has expired', async () => {
  await expectNoPicture(`/api/images/link/${await signed({ img: 5, kind: 'file' }, { expiresIn: -1 })}`);
});

test('an access token, a changed link, and what is no link at all open nothing', async () => {
  await expectNoPicture(`/api/images/link/${token}`);
  const link = await newLink();
  const [head = '', , signature = ''] = link.split('.');
  const claims = { img: 6, kind: 'file', sub: '2', iss: 'baton', aud: 'baton-picture', exp: 9_999_999_999 };
  const other = Buffer.from(JSON.stringify(claims)).toString('base64url');
  await expectNoPicture(`${head}.${other}.${signature}`);
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  await expectNoPicture(`/api/images/link/${none}.${other}.`);
  await expectNoPicture('/api/images/link/nonsense');
  await expectNoPicture(`/api/images/link/${await signed({ img: 5, kind: 'model' })}`);
  await expectNoPicture(`/api/images/link/${await signed({ img: '../1', kind: 'file' })}`);
  await expectNoPicture(`/api/images/link/${await signed({ img: 5, kind: 'file' }, { issuer: 'else' })}`);
  const foreign = new JwtService({ secret: 'another secret of another program' });
  await expectNoPicture(`/api/images/link/${await foreign.signAsync(claims)}`);
});
