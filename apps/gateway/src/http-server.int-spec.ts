import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { problem } from '@baton/contracts';
import { GatewayHarness } from './testing/gateway-harness.ts';

const SLOWEST_REQUEST_MS = 300;

let gateway: GatewayHarness;
let token: string;

beforeAll(async () => {
  gateway = await GatewayHarness.start(
    { TRUST_PROXY: 'true', CORS_ORIGINS: 'https://other.example', LOGIN_ATTEMPTS: '2' },
    SLOWEST_REQUEST_MS,
  );
  token = await gateway.register('someone');
});
afterAll(() => gateway.stop());

/** Sends bytes as they are and gives everything that comes back until the gateway closes the connection. */
function send(bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => (answer += text));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}

function expectRawProblem(answer: string, status: number, code: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain('content-type: application/problem+json');
  expect(head).toContain('x-content-type-options: nosniff');
  const said = problem.parse(JSON.parse(body));
  expect(said).toMatchObject({ status, code });
  expect(head).toContain(`x-correlation-id: ${said.correlation_id}`);
}

describe('what never becomes a request', () => {
  const post = 'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

  test.each([
    ['is no HTTP', 'HELLO\r\n\r\n', 400, 'request.invalid'],
    [
      'has headers without end',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}`,
      413,
      'request.too_large',
    ],
    ['has two lengths', `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400, 'request.invalid'],
    [
      'has a length and chunks',
      `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'request.invalid',
    ],
    ['stops within its headers', 'GET / HTTP/1.1\r\nHost: a\r\nX-', 408, 'request.timeout'],
    ['stops within its body', `${post}Content-Length: 100\r\n\r\n{"user`, 408, 'request.timeout'],
  ])('what %s gets a problem and loses its connection', async (_what, bytes, status, code) => {
    expectRawProblem(await send(bytes), status, code);
  });

  test.each(['/%zz-my-words', '/api/chats/%zz-my-words'])(
    'an address that cannot be read is a problem and is not repeated: %s',
    async (path) => {
      const answer = await gateway.ask(path, { token });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(answer.headers.get('x-correlation-id')).toBe(problem.parse(answer.body).correlation_id);
      expect(JSON.stringify(answer.body)).not.toContain('my-words');
    },
  );
});

describe('behind one proxy', () => {
  const invented = { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' };

  test('what the client says of itself opens no metrics', async () => {
    expect((await gateway.ask('/metrics', { headers: invented })).status).toBe(404);
    expect((await gateway.ask('/metrics', { headers: { 'x-forwarded-for': '10.0.0.9' } })).status).toBe(200);
  });

  test('nor does it give more tries at a password', async () => {
    const attempt = (n: number) =>
      gateway.ask('/api/auth/login', {
        method: 'POST',
        json: { username: 'someone', password: 'a wrong password' },
        headers: { 'x-forwarded-for': `198.51.100.${n}, 203.0.113.9` },
      });
    const statuses = [await attempt(1), await attempt(2), await attempt(3)].map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 429]);
  });
});

describe('headers of answers', () => {
  test('a refused body is answered with the same security headers as everything else', async () => {
    const answer = await gateway.ask('/api/chats', {
      method: 'POST',
      token,
      rawBody: 'a=1',
      headers: { 'content-type': 'text/plain', origin: 'https://other.example' },
    });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://other.example');
  });

  test('nothing that the API says is kept by a cache', async () => {
    const json = { username: 'someone', password: 'a long enough password' };
    for (const answer of [
      await gateway.ask('/api/auth/me', { token }),
      await gateway.ask('/api/auth/me'),
      await gateway.ask('/api/auth/login', { method: 'POST', json }),
    ]) {
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });
});
