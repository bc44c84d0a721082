import { beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { Lettering } from './lettering.ts';
import { Painter } from './painter.ts';
import type { Caption, Picture } from './picture.ts';
import { readTextChunks, withTextChunks } from './png-text.ts';

const caption: Caption = {
  text: 'a lighthouse in the rain, oil on canvas',
  ...{ seed: 7, index: 0, steps: 20, sampler: 'euler', scheduler: 'simple', guidance: 3.5 },
};

function scene(change: Partial<Caption> = {}, size = { width: 256, height: 192 }): Picture {
  return { is: 'scene', ...size, caption: { ...caption, ...change }, base: null, denoise: 1 };
}

async function upperHalf(png: Buffer): Promise<Buffer> {
  const { width, height } = await sharp(png).metadata();
  return sharp(png)
    .extract({ left: 0, top: 0, width, height: Math.floor(height / 2) })
    .raw()
    .toBuffer();
}

describe('a scene', () => {
  const painter = new Painter();

  test('is a PNG of exactly the size that was asked for', async () => {
    const png = await painter.png(scene({}, { width: 328, height: 136 }));
    expect(await sharp(png).metadata()).toMatchObject({
      format: 'png',
      width: 328,
      height: 136,
      channels: 3,
    });
  });

  test('has the same bytes for the same words, seed and settings, also from another painter', async () => {
    expect((await painter.png(scene())).equals(await new Painter().png(scene()))).toBe(true);
  });

  test.each<[string, Partial<Caption>]>([
    ['seed', { seed: 8 }],
    ['words', { text: 'a desert' }],
    ['place in the batch', { index: 1 }],
  ])('looks different for another %s, above its caption too', async (_what, change) => {
    const [one, other] = await Promise.all([painter.png(scene()), painter.png(scene(change))]);
    expect((await upperHalf(one)).equals(await upperHalf(other))).toBe(false);
  });

  test('begins with the pixels of its base: the more denoise, the further from them', async () => {
    const base: Picture = { is: 'solid', width: 256, height: 192, color: 0xff0000 };
    const distance = async (denoise: number): Promise<number> => {
      const pixels = await upperHalf(await painter.png({ ...scene(), is: 'scene', caption, base, denoise }));
      return pixels.reduce((sum, byte, at) => sum + Math.abs(byte - (at % 3 === 0 ? 255 : 0)), 0);
    };
    const [none, some, much] = [await distance(0), await distance(0.4), await distance(0.9)];
    expect(none).toBe(0);
    expect(some).toBeGreaterThan(none);
    expect(much).toBeGreaterThan(some);
  });

  test('comes out of the noise: previews come nearer to it, and the last one is it', async () => {
    const pixelsAt = async (share: number): Promise<Buffer> => {
      const { bytes } = await painter.preview(picture, { share, seed: 7, maxSide: 128 });
      return sharp(bytes).raw().toBuffer();
    };
    const picture = scene();
    const final = await pixelsAt(1);
    const distances: number[] = [];
    for (const share of [0.1, 0.5, 0.9]) {
      const pixels = await pixelsAt(share);
      distances.push(pixels.reduce((sum, byte, at) => sum + Math.abs(byte - (final[at] ?? 0)), 0));
    }
    expect(distances).toEqual([...distances].sort((a, b) => b - a));
    expect(await sharp(await painter.png(picture)).metadata()).toMatchObject({ width: 256 });
  });
});

test('a cut takes the middle, a scaling with crop keeps the ratio', async () => {
  const painter = new Painter();
  const create = { width: 30, height: 10, channels: 3, background: '#00f' } as const;
  const middle = { create: { width: 10, height: 10, channels: 3, background: '#f00' } } as const;
  const bytes = await sharp({ create })
    .composite([{ input: await sharp(middle).png().toBuffer(), left: 10, top: 0 }])
    .png()
    .toBuffer();
  const of = await painter.open(bytes);
  const first = async (picture: Picture): Promise<number[]> => {
    const pixels = await sharp(await painter.png(picture))
      .raw()
      .toBuffer();
    return [...pixels.subarray(0, 3)];
  };
  expect(await first({ is: 'cut', of, width: 8, height: 8 })).toEqual([255, 0, 0]);
  expect(
    await first({ is: 'scaled', of, width: 10, height: 10, kernel: 'nearest-exact', crop: 'center' }),
  ).toEqual([255, 0, 0]);
});

test('what is no picture is reported as the real server does', async () => {
  await expect(new Painter().open(Buffer.from('no picture'))).rejects.toMatchObject({
    type: 'PIL.UnidentifiedImageError',
  });
});

test('text chunks say what made a PNG, in ASCII, and leave it readable', async () => {
  const png = await new Painter().png({ is: 'solid', width: 4, height: 4, color: 0 });
  const marked = withTextChunks(png, { prompt: { 1: { text: 'кот' } }, workflow: [] });
  expect(readTextChunks(marked)).toEqual({
    prompt: String.raw`{"1":{"text":"\u043a\u043e\u0442"}}`,
    workflow: '[]',
  });
  expect(await sharp(marked).metadata()).toMatchObject({ format: 'png', width: 4 });
});

describe('lettering', () => {
  let letters: Lettering;
  const style = { weight: 400, size: 20 } as const;

  beforeAll(async () => {
    letters = await Lettering.load();
  });

  test.each(['plain', 'Größe', 'маяк под дождём', 'φάρος'])('%s has outlines of its own', (text) => {
    const boxes = letters.path('\u{1F600}'.repeat(Array.from(text).length), style, 0, 0);
    expect(letters.path(text, style, 0, 0)).not.toBe(boxes);
    expect(letters.width(text, style)).toBeGreaterThan(20);
  });

  test('lines keep to the width, long words are broken, and what is over ends in an ellipsis', () => {
    const text = `${'many words '.repeat(20)}${'x'.repeat(80)}`;
    const all = letters.wrap(text, style, 120, 100);
    expect(all.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    for (const line of all) expect(letters.width(line, style)).toBeLessThanOrEqual(120);
    const few = letters.wrap(text, style, 120, 3);
    expect(few).toHaveLength(3);
    expect(few[2]).toMatch(/…$/);
    expect(letters.width(few[2] ?? '', style)).toBeLessThanOrEqual(120);
  });
});
