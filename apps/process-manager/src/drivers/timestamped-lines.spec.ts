import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { readStampedLine, splitLines } from './timestamped-lines.ts';

async function linesOf(pieces: Iterable<Buffer>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(Readable.from(pieces, { objectMode: false }))) lines.push(line);
  return lines;
}

test('lines are put together again, wherever they were cut, in a character as well', async () => {
  const bytes = Buffer.from('one\ntwö\n\nthree');
  for (let at = 0; at < bytes.length; at += 1) {
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
    expect(await linesOf(pieces)).toEqual(['one', 'twö', '', 'three']);
  }
});

test('a line without an end is handed on in parts and never gathered', async () => {
  const piece = Buffer.alloc(256 * 1_024, '#');
  const lines = await linesOf(Array.from({ length: 40 }, () => piece));
  expect(lines.length).toBeGreaterThan(5);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(1_500_000);
  expect(lines.reduce((sum, { length }) => sum + length, 0)).toBe(40 * piece.length);
});

test('a line with its time has it in milliseconds; one without is kept whole', () => {
  const atMs = Date.UTC(2026, 10, 21, 12, 0, 0, 123);
  expect(readStampedLine('2026-11-21T12:00:00.123456789Z hello')).toEqual({ atMs, text: 'hello' });
  expect(readStampedLine('hello')).toEqual({ atMs: 0, text: 'hello' });
});
