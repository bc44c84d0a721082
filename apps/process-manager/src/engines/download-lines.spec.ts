import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { DownloadLines } from './download-lines.ts';

const MANIFEST = { status: 'pulling manifest' };
const part = (completed: number): object => ({
  status: 'pulling a1b2',
  digest: 'sha256:a1b2',
  total: 100,
  ...(completed > 0 && { completed }),
});
const VERIFYING = { status: 'verifying sha256 digest' };
const END = [{ status: 'writing manifest' }, { status: 'success' }];

/** How often it was told, and what came out; the lines come in pieces that are not lines. */
async function passed(statuses: readonly object[]): Promise<{ told: number; isSame: boolean }> {
  const whole = statuses.map((status) => `${JSON.stringify(status)}\n`).join('');
  const pieces = whole.match(/[^]{1,7}/g) ?? [];
  let told = 0;
  const lines = new DownloadLines(() => (told += 1));
  const out = await text(Readable.from(pieces.map((piece) => Buffer.from(piece))).pipe(lines));
  return { told, isSame: out === whole };
}

test('a new version is told once, before it takes the name', async () => {
  const statuses = [MANIFEST, part(0), part(60), part(100), VERIFYING, VERIFYING, ...END];
  expect(await passed(statuses)).toEqual({ told: 1, isSame: true });
});

test('a version that is there already replaces nothing', async () => {
  expect(await passed([MANIFEST, part(100), VERIFYING, ...END])).toEqual({ told: 0, isSame: true });
});

test('a download that fails replaces nothing', async () => {
  expect(await passed([MANIFEST, part(0), part(60), { error: 'no space' }])).toEqual({
    told: 0,
    isSame: true,
  });
});
