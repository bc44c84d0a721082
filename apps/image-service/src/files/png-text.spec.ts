import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { withText } from './png-text.ts';

const create = { width: 5, height: 4, channels: 3, background: '#369' } as const;

test('another program reads the words, in any language, and finds the same pixels', async () => {
  const png = await sharp({ create }).png().toBuffer();
  const words = {
    Description: 'Белый забор – "закат"',
    Comment: JSON.stringify({ seed: 9_007_199_254_740_991 }),
  };
  const written = withText(png, words);
  const { comments } = await sharp(written, { failOn: 'warning' }).metadata();
  expect(Object.fromEntries((comments ?? []).map(({ keyword, text }) => [keyword, text]))).toEqual(words);
  await expect(sharp(written).raw().toBuffer()).resolves.toEqual(await sharp(png).raw().toBuffer());
  // Encoded again, as every upload is, nothing of it is left.
  await expect(sharp(await sharp(written).png().toBuffer()).metadata()).resolves.not.toHaveProperty(
    'comments',
  );
});

test('without words nothing changes', async () => {
  const png = await sharp({ create }).png().toBuffer();
  expect(withText(png, {}).equals(png)).toBe(true);
});

test('what is no PNG, and a keyword that is none, are refused', async () => {
  const png = await sharp({ create }).png().toBuffer();
  expect(() => withText(Buffer.from('GIF89a, and some more bytes'), {})).toThrow('no PNG');
  expect(() => withText(png.subarray(0, 20), {})).toThrow('no PNG');
  expect(() => withText(png, { 'a\0b': 'x' })).toThrow('no keyword');
});
