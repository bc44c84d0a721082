import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtSecret } from './jwt-secret.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-jwt-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('without a configured secret one is made, kept for the owner only, and used again', () => {
  const file = join(folder, 'new', 'jwt-secret');
  const made = jwtSecret(undefined, file);
  expect(made.length).toBeGreaterThanOrEqual(64);
  expect(jwtSecret(undefined, file)).toBe(made);
  expect(readFileSync(file, 'utf8')).toBe(made);
  expect(statSync(file).mode & 0o077).toBe(0);
});

test('a configured secret is used, and nothing is written', () => {
  const file = join(folder, 'jwt-secret');
  expect(jwtSecret('configured', file)).toBe('configured');
  expect(() => statSync(file)).toThrow();
});

test('a damaged file stops the start rather than sign with next to nothing', () => {
  const file = join(folder, 'jwt-secret');
  writeFileSync(file, '');
  expect(() => jwtSecret(undefined, file)).toThrow('damaged');
});
