import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { ImageFilesStore } from './image-files.store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

function pngOf(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#369' } })
    .withExif({ IFD0: { ImageDescription: 'secret workflow' } })
    .png()
    .toBuffer();
}

test('a picture is stored with its thumbnail and without what else came in the file', async () => {
  const store = new ImageFilesStore({ folder: join(folder, 'new') });
  const stored = await store.store(await pngOf(800, 400));
  expect(stored).toMatchObject({ width: 800, height: 400 });
  const file = await readFile(store.path(stored.fileName, 'file'));
  expect(file.length).toBe(stored.sizeBytes);
  expect(file.includes('secret workflow')).toBe(false);
  const thumbnail = await sharp(store.path(stored.fileName, 'thumbnail')).metadata();
  expect(thumbnail).toMatchObject({ format: 'webp', width: 384, height: 192 });
});

test('bytes that are no picture are refused and leave nothing behind', async () => {
  const store = new ImageFilesStore({ folder });
  await expect(store.store(Buffer.from('<html>not a picture'))).rejects.toMatchObject({
    code: 'image.render_failed',
  });
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that cannot be written fails clearly', async () => {
  await writeFile(join(folder, 'file'), '');
  const store = new ImageFilesStore({ folder: join(folder, 'file', 'images') });
  await expect(store.store(await pngOf(16, 16))).rejects.toMatchObject({ code: 'store.unavailable' });
});
