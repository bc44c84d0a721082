import { expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const NEEDED = {
  REDIS_URL: 'redis://localhost:6379',
  BATON_INTERNAL_SECRET: 'sixteen characters',
  CHAT_SERVICE_ADDRESS: 'localhost:1',
  IMAGE_SERVICE_ADDRESS: 'localhost:2',
  GPU_SCHEDULER_ADDRESS: 'localhost:3',
  PROCESS_MANAGER_ADDRESS: 'localhost:3',
  IMAGE_SERVICE_URL: 'http://localhost:4/',
};

test('with the needed variables alone everything has its default', () => {
  expect(readConfig(NEEDED)).toMatchObject({
    http: { host: '127.0.0.1', port: 5000, trustProxy: false, corsOrigins: [] },
    tokens: { secret: undefined, accessMs: 900_000, cookieSecure: 'auto' },
    registration: { isOpen: true, maxUsers: 10 },
    services: { imageFiles: 'http://localhost:4' },
  });
});

test.each([
  ['true', true],
  ['FALSE', false],
  ['10.0.0.0/8, 127.0.0.1', ['10.0.0.0/8', '127.0.0.1']],
  ['loopback', ['loopback']],
])('TRUST_PROXY=%s is taken as %j', (text, expected) => {
  expect(readConfig({ ...NEEDED, TRUST_PROXY: text }).http.trustProxy).toEqual(expected);
});

test('origins are taken as browsers write them', () => {
  const { corsOrigins } = readConfig({
    ...NEEDED,
    CORS_ORIGINS: 'https://A.example/ , http://b.example:80',
  }).http;
  expect(corsOrigins).toEqual(['https://a.example', 'http://b.example']);
});

test.each([
  ['JWT_SECRET', 'short'],
  ['TRUST_PROXY', 'maybe'],
  ['TRUST_PROXY', '2'],
  ['CORS_ORIGINS', '*'],
  ['CORS_ORIGINS', 'ftp://a.example'],
  ['COOKIE_SECURE', 'perhaps'],
  ['MAX_USERS', '-1'],
  ['METRICS_TOKEN', 'short'],
  ['CHAT_SERVICE_ADDRESS', 'http://x'],
])('a bad %s is named, and its value is not repeated', (name, value) => {
  const read = (): unknown => readConfig({ ...NEEDED, [name]: value });
  expect(read).toThrow(name);
  expect(read).not.toThrow(new RegExp(`: .*${value.replace('*', '\\*')}$`));
});
