import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '@baton/kernel';
import sharp from 'sharp';
import { LocalPictureStorage } from './local-picture.storage.ts';
import { PictureFiles, thumbnailOf } from './picture-files.service.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'picture-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

class MemoryDrafts {
  readonly names = new Map<string, number>();

  async add({ fileName, createdAt }: { readonly fileName: string; readonly createdAt: number }) {
    this.names.set(fileName, createdAt);
  }

  async forget(fileNames: readonly string[]) {
    for (const name of fileNames) this.names.delete(name);
  }

  async begunBefore(time: number) {
    return [...this.names].flatMap(([name, createdAt]) => (createdAt < time ? [name] : []));
  }
}

function filesIn(of: string) {
  const storage = new LocalPictureStorage(of);
  const upload = { maxWidth: 4_096, maxHeight: 4_096 };
  const settings = {
    folder: of,
    upload,
    modelSide: 1_024,
    quotaBytes: 0,
    s3: null,
    sweepEveryMs: 1,
  };
  const drafts = new MemoryDrafts();
  return { storage, drafts, files: new PictureFiles(storage, settings, drafts, systemClock) };
}

function pngOf(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#369' } })
    .withExif({ IFD0: { ImageDescription: 'secret workflow' } })
    .png()
    .toBuffer();
}

test('a picture is a draft until somebody says that it is settled', async () => {
  const { files, drafts } = filesIn(folder);
  const { fileName } = await files.storeUploaded(await pngOf(20, 20));
  expect([...drafts.names.keys()]).toEqual([fileName]);
  await expect(files.unsettled(Date.now() + 1, 10)).resolves.toEqual([fileName]);
  await files.settled(fileName);
  expect([...drafts.names]).toEqual([]);
});

test('a storage that takes nothing leaves nothing, and says so', async () => {
  await writeFile(join(folder, 'file'), '');
  const { files, drafts } = filesIn(join(folder, 'file'));
  await expect(files.storeUploaded(await pngOf(20, 20))).rejects.toMatchObject({ code: 'store.unavailable' });
  await expect(files.tryOut()).rejects.toMatchObject({ code: 'store.unavailable' });
  // Whether something of it is there cannot be told: the sweep will look again.
  expect(drafts.names.size).toBe(1);
});

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
