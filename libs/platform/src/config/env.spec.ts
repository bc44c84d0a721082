import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  ConfigError,
  envAddress,
  envBoolean,
  envInteger,
  envJson,
  envNumber,
  envUrl,
  loadConfig,
} from './env.ts';

const schema = z.object({
  FLAG: envBoolean(false),
  COUNT: envInteger({ default: 3, min: 1, max: 9 }),
  SHARE: envNumber({ default: 0.5, min: 0, max: 1 }),
  PEER: envAddress().optional(),
  LIST: envJson(z.array(z.string())).optional(),
  HOME_URL: envUrl().optional(),
});

test('without anything set the defaults hold, and an empty variable counts as not set', () => {
  const expected = { FLAG: false, COUNT: 3, SHARE: 0.5 };
  expect(loadConfig(schema, {})).toEqual(expected);
  expect(loadConfig(schema, { FLAG: '', COUNT: '', PEER: '', LIST: '' })).toEqual(expected);
});

test('values are read as what they stand for', () => {
  const given = {
    FLAG: 'YES',
    COUNT: '9',
    SHARE: '0.25',
    PEER: 'host:80',
    LIST: '["a"]',
    HOME_URL: 'http://localhost:11434/v1/',
  };
  expect(loadConfig(schema, given)).toEqual({
    FLAG: true,
    COUNT: 9,
    SHARE: 0.25,
    PEER: 'host:80',
    LIST: ['a'],
    HOME_URL: 'http://localhost:11434/v1',
  });
});

describe('a bad variable is named, and its value is not', () => {
  const bad: [name: string, value: string][] = [
    ['FLAG', 'perhaps-s3cret'],
    ['COUNT', '0'],
    ['COUNT', '1.5'],
    ['COUNT', 'many-s3cret'],
    ['SHARE', '2'],
    ['PEER', 'no port s3cret'],
    ['LIST', '[s3cret'],
    ['HOME_URL', 'ftp://s3cret'],
  ];
  test.each(bad)('%s=%s', (name, value) => {
    const read = (): unknown => loadConfig(schema, { [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(new RegExp(`${name}: `));
    expect(read).not.toThrow(/s3cret/);
  });
});

test('all bad variables are named at once', () => {
  expect(() => loadConfig(schema, { FLAG: 'x', COUNT: 'y' })).toThrow(/FLAG[^]*COUNT/);
});
