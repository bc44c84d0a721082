import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-log-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

test('a file that is full makes room, and only the latest few are kept', () => {
  const file = new LogFile(join(dir, 'a.log'), 10);
  for (const line of ['one----', 'two----', 'three--', 'four---', 'five---']) file.write(line);
  file.close();
  expect(readdirSync(dir).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  expect(readFileSync(join(dir, 'a.log'), 'utf8')).toBe('five---\n');
  expect(readFileSync(join(dir, 'a.log.2'), 'utf8')).toBe('three--\n');
});

test('a second run goes on behind the lines of the first', () => {
  for (const line of ['first', 'second']) {
    const file = new LogFile(join(dir, 'a.log'));
    file.write(line);
    file.close();
  }
  expect(readFileSync(join(dir, 'a.log'), 'utf8')).toBe('first\nsecond\n');
});
