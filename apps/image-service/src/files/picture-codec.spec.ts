import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { encodeForModel, encodeRendered, encodeUploaded } from './picture-codec.ts';

const LIMITS = { maxWidth: 400, maxHeight: 300 };

function picture(width: number, height: number, channels: 3 | 4 = 3) {
  return sharp({ create: { width, height, channels, background: { r: 51, g: 102, b: 153, alpha: 0.5 } } });
}

describe('an upload', () => {
  test.each([
    ['png', 'image/png'],
    ['jpeg', 'image/jpeg'],
    ['webp', 'image/jpeg'],
    ['avif', 'image/jpeg'],
    ['gif', 'image/png'],
  ] as const)('in %s is made anew as %s', async (format, mediaType) => {
    const encoded = await encodeUploaded(await picture(200, 100)[format]().toBuffer(), LIMITS);
    expect(encoded).toMatchObject({ mediaType, width: 200, height: 100 });
    await expect(sharp(encoded.bytes).metadata()).resolves.toMatchObject({
      format: mediaType.slice('image/'.length),
      width: 200,
    });
    await expect(sharp(encoded.thumbnail).metadata()).resolves.toMatchObject({ format: 'webp', width: 200 });
  });

  test('keeps its transparency', async () => {
    const encoded = await encodeUploaded(await picture(20, 20, 4).webp().toBuffer(), LIMITS);
    expect(encoded.mediaType).toBe('image/png');
    await expect(sharp(encoded.bytes).metadata()).resolves.toMatchObject({ hasAlpha: true });
  });

  test('is turned upright and loses what the camera wrote beside it', async () => {
    const photograph = await picture(200, 100)
      .withExif({ IFD0: { ImageDescription: 'at home, 5th floor' }, IFD3: { GPSLatitude: '59/1 56/1 0/1' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const encoded = await encodeUploaded(photograph, LIMITS);
    expect(encoded).toMatchObject({ width: 100, height: 200 });
    expect(encoded.bytes.includes('5th floor')).toBe(false);
    const { exif, orientation } = await sharp(encoded.bytes).metadata();
    expect([exif, orientation]).toEqual([undefined, undefined]);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('not a picture at all')],
    ['a page with a script', Buffer.from('<html><script>alert(1)</script></html>')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['PDF', Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\n')],
    ['the head of a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('of %s is refused', async (_, bytes) => {
    await expect(encodeUploaded(bytes, LIMITS)).rejects.toMatchObject({
      code: 'image.not_an_image',
      issues: [{ path: 'file' }],
    });
  });

  test('that breaks off in the middle is refused', async () => {
    const whole = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#000',
        noise: { type: 'gaussian', mean: 99, sigma: 40 },
      },
    })
      .jpeg()
      .toBuffer();
    const half = whole.subarray(0, whole.length / 2);
    await expect(encodeUploaded(half, LIMITS)).rejects.toMatchObject({ code: 'image.not_an_image' });
  });

  test.each([
    ['too wide', 401, 10],
    ['too high', 10, 301],
    ['too many pixels', 500, 500],
  ])('%s is refused by its header, and told how large it may be', async (_, width, height) => {
    const bytes = await picture(width, height).png().toBuffer();
    await expect(encodeUploaded(bytes, LIMITS)).rejects.toMatchObject({
      code: 'image.too_many_pixels',
      issues: [{ path: 'file', message: expect.stringContaining('400 × 300') }],
    });
  });

  test('is measured upright', async () => {
    const turned = (width: number, height: number): Promise<Buffer> =>
      picture(width, height).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    await expect(encodeUploaded(await turned(300, 400), LIMITS)).resolves.toMatchObject({ width: 400 });
    await expect(encodeUploaded(await turned(400, 300), LIMITS)).rejects.toMatchObject({
      code: 'image.too_many_pixels',
      issues: [{ message: expect.stringContaining('has 300 × 400 pixels') }],
    });
  });

  test('that unpacks to very much is not unpacked', async () => {
    // A few kilobytes that would take 75 MB.
    const bomb = await sharp({ create: { width: 5_000, height: 5_000, channels: 3, background: '#fff' } })
      .png({ compressionLevel: 9, palette: true, colours: 2 })
      .toBuffer();
    const before = process.memoryUsage().rss;
    await expect(encodeUploaded(bomb, LIMITS)).rejects.toMatchObject({ code: 'image.too_many_pixels' });
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  });
});

test('pictures of ours do not stand in line behind uploads: the GPU is held until they are stored', async () => {
  const limits = { maxWidth: 1_500, maxHeight: 1_500 };
  const [large, small] = [
    await picture(1_500, 1_500, 4).png().toBuffer(),
    await picture(64, 48).png().toBuffer(),
  ];
  const ended: string[] = [];
  const uploads = Array.from({ length: 6 }, () =>
    encodeUploaded(large, limits).then(() => ended.push('upload')),
  );
  await encodeRendered(small).then(() => ended.push('ours'));
  await Promise.all(uploads);
  expect(ended.indexOf('ours')).toBeLessThan(3);
});

test('a rendered picture stays lossless', async () => {
  const encoded = await encodeRendered(await picture(64, 48).webp({ lossless: true }).toBuffer());
  expect(encoded).toMatchObject({ mediaType: 'image/png', width: 64, height: 48 });
});

test('for a model a picture is small, opaque and JPEG', async () => {
  const bytes = await encodeForModel(await picture(1_000, 500, 4).png().toBuffer(), 512);
  await expect(sharp(bytes).metadata()).resolves.toMatchObject({
    format: 'jpeg',
    width: 512,
    height: 256,
    hasAlpha: false,
  });
});
