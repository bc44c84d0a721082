import { describe, expect, test } from '@jest/globals';
import { mayAsk } from './local-or-token.ts';

const TOKEN = 'a token of enough length';
const HERE = { host: '127.0.0.1:8888' };

const refusal = (
  address: string | undefined,
  headers: Record<string, string>,
  token: string | null = TOKEN,
) => {
  try {
    mayAsk({ address, headers }, token);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the process-manager’s own door', () => {
  test.each([
    ['127.0.0.1', { host: '127.0.0.1:8888' }],
    ['127.0.0.1', { host: 'localhost' }],
    ['::1', { host: '[::1]:8888' }],
    ['::ffff:127.0.0.1', { host: 'LOCALHOST:8888' }],
    ['127.0.0.1', { ...HERE, origin: 'http://127.0.0.1:8888', 'sec-fetch-site': 'same-origin' }],
    ['127.0.0.1', { ...HERE, 'sec-fetch-site': 'none' }],
  ])('is open on this machine: %s %j', (address, headers) => {
    expect(refusal(address, headers)).toBeNull();
    expect(refusal(address, headers, null)).toBeNull();
  });

  test.each([
    [{ host: 'evil.example' }],
    [{ host: 'localhost.evil.example:8888' }],
    [{ host: '127.0.0.1.evil.example' }],
    [{ host: '127.evil' }],
    [{}],
    [{ ...HERE, origin: 'http://evil.example' }],
    [{ ...HERE, origin: 'null' }],
    [{ ...HERE, origin: 'http://127.0.0.1:3000' }],
    [{ ...HERE, 'sec-fetch-site': 'cross-site' }],
    [{ ...HERE, 'sec-fetch-site': 'same-site' }],
  ])('is shut for another site’s page in a browser here: %j', (headers) => {
    expect(refusal('127.0.0.1', headers)).toBe('auth.foreign_origin');
  });

  test.each([
    ['192.168.1.5', HERE],
    ['::ffff:10.0.0.1', HERE],
    [undefined, HERE],
    ['127.0.0.1', { ...HERE, 'x-forwarded-for': '203.0.113.9' }],
    ['127.0.0.1', { ...HERE, forwarded: 'for=203.0.113.9' }],
    ['127.0.0.1', { ...HERE, via: '1.1 proxy' }],
  ])('wants the token from everywhere else: %s %j', (address, headers) => {
    expect(refusal(address, headers)).toBe('auth.required');
    expect(refusal(address, headers, null)).toBe('auth.required');
    expect(refusal(address, { ...headers, authorization: `Bearer ${TOKEN}` })).toBeNull();
  });

  test('a wrong token is refused, on this machine as well, and any token where none was set', () => {
    for (const authorization of ['Bearer another', `Basic ${TOKEN}`, `Bearer ${TOKEN} `, TOKEN, '']) {
      expect(refusal('127.0.0.1', { ...HERE, authorization })).toBe('auth.required');
    }
    expect(refusal('127.0.0.1', { ...HERE, authorization: 'Bearer null' }, null)).toBe('auth.required');
  });
});
