import { expect, test } from '@jest/globals';
import { collect } from '../testing/collect.ts';
import { textLines } from './log-text.ts';

async function shown(text: string): Promise<string> {
  const line = { atMs: Date.UTC(2026, 10, 21, 12), text };
  return (
    await collect(
      textLines(
        (async function* () {
          yield await Promise.resolve(line);
        })(),
      ),
    )
  ).join('');
}

test('a line has its time, and nothing that a terminal would act upon', async () => {
  expect(await shown('loaded\tall \u001b[32mwell\u001b[0m')).toBe(
    '2026-11-21T12:00:00.000Z loaded\tall well\n',
  );
  expect(await shown('a\u001b]0;title\u0007b\u009b2Jc\rd\u0000')).toBe(
    '2026-11-21T12:00:00.000Z a]0;titleb2Jcd\n',
  );
});

test('a line of any length is cut', async () => {
  expect((await shown('x'.repeat(100_000))).length).toBeLessThan(17_000);
});
