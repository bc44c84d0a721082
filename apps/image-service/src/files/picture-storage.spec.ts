import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LocalPictureStorage } from './local-picture.storage.ts';
import { describePictureStorage, listed } from './testing/picture-storage-contract.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'picture-storage-'));
});
afterEach(() => rm(folder, { recursive: true }));

describePictureStorage('a local folder', () => new LocalPictureStorage(join(folder, 'pictures')));

test('a folder that cannot be written fails clearly', async () => {
  await writeFile(join(folder, 'file'), '');
  const storage = new LocalPictureStorage(join(folder, 'file', 'pictures'));
  await expect(storage.put('a.png', Buffer.from('a'))).rejects.toMatchObject({ code: 'store.unavailable' });
});

test('what a crash left half written is listed, and can be removed', async () => {
  const storage = new LocalPictureStorage(folder);
  await writeFile(join(folder, 'a.png.part'), 'half');
  await utimes(join(folder, 'a.png.part'), 1, 1);
  expect(await listed(storage)).toEqual([{ name: 'a.png.part', sizeBytes: 4, changedAtMs: 1_000 }]);
  await storage.remove('a.png.part');
  expect(await listed(storage)).toEqual([]);
});

test('files of others in the folder are left alone', async () => {
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const storage = new LocalPictureStorage(folder);
  expect(await listed(storage)).toEqual([]);
  for (const name of ['notes.txt', '../a.png', 'a/b.png', '/etc/passwd', '.png']) {
    await expect(storage.remove(name)).rejects.toThrow('not the name of a picture file');
  }
  await expect(readFile(join(folder, 'notes.txt'), 'utf8')).resolves.toBe('mine');
});
