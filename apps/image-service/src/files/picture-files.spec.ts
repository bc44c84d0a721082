import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { LocalPictureStorage } from './local-picture.storage.ts';
import { PictureFiles, thumbnailOf } from './picture-files.service.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'picture-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

function filesIn(of: string) {
  const storage = new LocalPictureStorage(of);
  const upload = { maxWidth: 4_096, maxHeight: 4_096 };
  return {
    storage,
    files: new PictureFiles(storage, {
      folder: of,
      upload,
      modelSide: 1_024,
      quotaBytes: 0,
      s3: null,
      sweepEveryMs: 1,
    }),
  };
}

function pngOf(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#369' } })
    .withExif({ IFD0: { ImageDescription: 'secret workflow' } })
    .png()
    .toBuffer();
}

test('a picture is stored with its thumbnail and without what else came in the file', async () => {
  const { storage, files } = filesIn(join(folder, 'new'));
  const stored = await files.storeRendered(await pngOf(800, 400));
  expect(stored).toMatchObject({ width: 800, height: 400, mediaType: 'image/png' });
  const file = await storage.read(stored.fileName);
  expect(file.length).toBe(stored.sizeBytes);
  expect(file.includes('secret workflow')).toBe(false);
  const thumbnail = await sharp(await storage.read(thumbnailOf(stored.fileName))).metadata();
  expect(thumbnail).toMatchObject({ format: 'webp', width: 384, height: 192 });
});

test('a removed picture leaves nothing, and removing it again is no error', async () => {
  const { files } = filesIn(folder);
  const { fileName } = await files.storeUploaded(await pngOf(20, 20));
  expect(await readdir(folder)).toHaveLength(2);
  await files.remove(fileName);
  await files.remove(fileName);
  expect(await readdir(folder)).toEqual([]);
});

test('bytes that are no picture are refused and leave nothing behind', async () => {
  const { files } = filesIn(folder);
  const page = Buffer.from('<html>not a picture');
  await expect(files.storeRendered(page)).rejects.toMatchObject({ code: 'image.render_failed' });
  await expect(files.storeUploaded(page)).rejects.toMatchObject({ code: 'image.not_an_image' });
  expect(await readdir(folder)).toEqual([]);
});
