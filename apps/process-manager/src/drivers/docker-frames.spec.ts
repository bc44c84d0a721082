import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { collect } from '../testing/collect.ts';
import { DockerFrames } from './docker-frames.ts';
import { readStampedLine } from './timestamped-lines.ts';

function frame(stream: number, text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

test('text comes out of the frames whole, however the network cuts them', async () => {
  const whole = Buffer.concat([frame(1, 'загрузка\n'), frame(2, ''), frame(2, 'error\n')]);
  for (let size = 1; size <= whole.length; size += 1) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
      whole.subarray(index * size, (index + 1) * size),
    );
    const out = await collect(Readable.from(pieces).pipe(new DockerFrames()));
    expect(Buffer.concat(out as Buffer[]).toString()).toBe('загрузка\nerror\n');
  }
});

test('what is no stream of frames is refused, not kept in memory', async () => {
  const frames = Readable.from([Buffer.from('plain text that is no frame')]).pipe(new DockerFrames());
  await expect(collect(frames)).rejects.toThrow('not a log stream');
});

test('a time with nanoseconds is read to the millisecond, and a line without one is kept as it is', () => {
  const atMs = Date.UTC(2026, 10, 21, 12, 0, 1, 234);
  expect(readStampedLine('2026-11-21T12:00:01.234567891Z hello  world')).toEqual({
    atMs,
    text: 'hello  world',
  });
  expect(readStampedLine('2026-11-21T14:00:01.234567891+02:00 hello')).toEqual({ atMs, text: 'hello' });
  expect(readStampedLine('2026-11-21T12:00:01Z ')).toEqual({ atMs: atMs - 234, text: '' });
  expect(readStampedLine('hello')).toEqual({ atMs: 0, text: 'hello' });
});
