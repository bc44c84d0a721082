import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { OutputLog } from './output-log.ts';

function setUp() {
  const clock = new FakeClock(1_000);
  const log = new OutputLog(clock);
  const writer = log.writer();
  return { clock, log, print: (text: string) => writer.write(Buffer.from(text)), writer };
}

describe('the log of an engine', () => {
  test('puts pieces together to lines, also in the middle of a character, and knows when they came', async () => {
    const { clock, log, writer } = setUp();
    const bytes = Buffer.from('загрузка\nready\nhalf');
    writer.write(bytes.subarray(0, 3));
    writer.write(bytes.subarray(3, 18));
    await clock.advance(500);
    writer.write(bytes.subarray(18));
    writer.end();
    expect(log.last(10)).toEqual([
      { atMs: 1_000, text: 'загрузка' },
      { atMs: 1_500, text: 'ready' },
      { atMs: 1_500, text: 'half' },
    ]);
  });

  test('keeps the last 2,000 lines', () => {
    const { log, print } = setUp();
    for (let line = 1; line <= 2_500; line += 1) print(`${line}\n`);
    expect(log.last(5_000)).toHaveLength(2_000);
    expect(log.last(1)[0]?.text).toBe('2500');
    expect(log.last(5_000)[0]?.text).toBe('501');
  });

  test('keeps 256 KiB at most, of a program without line ends as well', () => {
    const { log, print } = setUp();
    for (let piece = 0; piece < 500; piece += 1) print('x'.repeat(3_000));
    const kept = log.last(5_000).reduce((sum, { text }) => sum + text.length, 0);
    expect(kept).toBeGreaterThan(200 * 1_024);
    expect(kept).toBeLessThanOrEqual(256 * 1_024);
  });

  test('a reader who follows gets the last lines and each new one, and ends with its signal', async () => {
    const { log, print } = setUp();
    print('one\ntwo\nthree\n');
    const gone = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { text } of log.read({ lines: 2, follows: true, signal: gone.signal })) {
        seen.push(text);
        if (text === 'three') setImmediate(() => print('four\nfive\n'));
        if (text === 'five') gone.abort();
      }
    })();
    await reading;
    expect(seen).toEqual(['two', 'three', 'four', 'five']);
  });

  test('a reader that waits for a line is let go when it leaves', async () => {
    const { log } = setUp();
    const gone = new AbortController();
    const next = log.read({ lines: 5, follows: true, signal: gone.signal }).next();
    gone.abort();
    expect((await next).done).toBe(true);
  });

  test('a reader that is too slow is told how much it missed', async () => {
    const { log, print } = setUp();
    print('first\n');
    const lines = log.read({ lines: 1, follows: true, signal: new AbortController().signal });
    expect((await lines.next()).value).toMatchObject({ text: 'first' });
    for (let line = 1; line <= 2_003; line += 1) print(`${line}\n`);
    expect((await lines.next()).value).toMatchObject({ text: '… 3 lines were missed …' });
    expect((await lines.next()).value).toMatchObject({ text: '4' });
    await lines.return(undefined);
  });
});
