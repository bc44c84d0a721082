import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineCutter } from './ndjson.ts';

function cut(bytes: Buffer, at: readonly number[]): string[] {
  const borders = [0, ...at.map((point) => point % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const cutter = new LineCutter();
  const lines = borders.slice(1).flatMap((end, index) => cutter.push(bytes.subarray(borders[index], end)));
  return [...lines, ...cutter.rest()];
}

test('lines come out whole, wherever the stream is cut, inside a character too', () => {
  // Any character, ASCII half of the time: `unit: 'binary'` draws up a table of a million first.
  const character = fc
    .oneof(fc.nat(0x7f), fc.nat(0x10_ffff))
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code));
  const text = fc.string({ unit: character, minLength: 1 }).map((content) => JSON.stringify({ content }));
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat(10_000)), fc.boolean(), (lines, cuts, hasLastEnd) => {
      const whole = lines.join('\n') + (hasLastEnd ? '\n' : '');
      expect(cut(Buffer.from(whole), cuts)).toEqual(lines);
    }),
  );
});

test('empty lines and carriage returns are passed over', () => {
  expect(cut(Buffer.from('{"a":1}\r\n\n\n{"b":2}\n'), [])).toEqual(['{"a":1}', '{"b":2}']);
});

test('a line without end is refused before it fills the memory', () => {
  const cutter = new LineCutter();
  const piece = Buffer.alloc(262_144, 0x61);
  expect(() => {
    for (let n = 0; n < 8; n += 1) cutter.push(piece);
  }).toThrow(expect.objectContaining({ code: 'engine.failed' }));
});
