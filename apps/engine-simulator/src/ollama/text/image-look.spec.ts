import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { lookAt, nameColour } from './image-look.ts';

/** Left and right halves in one colour each. */
async function halves(left: string, right: string): Promise<Buffer> {
  const half = await sharp({ create: { width: 40, height: 50, channels: 3, background: right } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 80, height: 50, channels: 3, background: left } })
    .composite([{ input: half, left: 40, top: 0 }])
    .png()
    .toBuffer();
}

describe('looking at an image', () => {
  test('tells size, colours, brightness and sides from the pixels', async () => {
    const look = await lookAt(await halves('#102080', '#ffdd22'));
    expect(look).toMatchObject({ width: 80, height: 50, format: 'png' });
    expect(look.colours.map(({ name }) => name).sort()).toEqual(['blue', 'yellow']);
    expect(look.say.en).toContain('landscape image of 80 × 50');
    expect(look.say.en).toContain('brighter in the right half; left is mostly blue, right yellow');
    expect(look.say.ru).toContain('Светлее справа; слева преобладает синий, справа жёлтый');
  });

  test('does not find a light side where there is none', async () => {
    const look = await lookAt(await halves('#808080', '#808080'));
    expect(look.say.en).toContain('Light is spread evenly');
    expect(look.colours).toEqual([{ name: 'grey', share: 1 }]);
  });

  test('takes JPEG, and images with one channel or with transparency', async () => {
    const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'white' } })
      .greyscale()
      .jpeg()
      .toBuffer();
    expect((await lookAt(grey)).colours[0]?.name).toBe('white');
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const empty = await sharp({ create: { width: 9, height: 9, channels: 4, background: clear } })
      .webp()
      .toBuffer();
    expect((await lookAt(empty)).colours[0]?.name).toBe('white');
  });

  test('refuses bytes that are no image', async () => {
    await expect(lookAt(Buffer.from('not an image'))).rejects.toThrow();
  });
});

test.each([
  [255, 0, 0, 'red'],
  [255, 140, 0, 'orange'],
  [110, 60, 20, 'brown'],
  [0, 160, 60, 'green'],
  [0, 200, 220, 'cyan'],
  [130, 50, 200, 'purple'],
  [255, 120, 190, 'pink'],
  [5, 5, 5, 'black'],
  [250, 250, 250, 'white'],
  [120, 124, 122, 'grey'],
])('rgb(%i, %i, %i) is called %s', (red, green, blue, name) => {
  expect(nameColour(red, green, blue)).toBe(name);
});
