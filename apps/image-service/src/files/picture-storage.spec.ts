import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LocalPictureStorage } from './local-picture.storage.ts';
import { describePictureStorage } from './testing/picture-storage-contract.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'picture-storage-'));
});
afterEach(() => rm(folder, { recursive: true }));

describePictureStorage('a local folder', () => new LocalPictureStorage(join(folder, 'pictures')));

test('a folder that cannot be written fails clearly, and the start names the variable', async () => {
  await writeFile(join(folder, 'file'), '');
  const storage = new LocalPictureStorage(join(folder, 'file', 'pictures'));
  await expect(storage.put('a.png', Buffer.from('a'))).rejects.toMatchObject({ code: 'store.unavailable' });
  await expect(storage.check()).rejects.toThrow(/^IMAGE_STORAGE_PATH: .*ENOTDIR/);
});

test('trying it out leaves nothing behind', async () => {
  await new LocalPictureStorage(folder).check();
  await expect(readdir(folder)).resolves.toEqual([]);
});

test('what a crash left half written goes with the file', async () => {
  const storage = new LocalPictureStorage(folder);
  await storage.put('a.png', Buffer.from('whole'));
  await writeFile(join(folder, 'a.png.part'), 'half');
  await storage.remove('a.png');
  await expect(readdir(folder)).resolves.toEqual([]);
});

test('files of others in the folder are left alone', async () => {
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const storage = new LocalPictureStorage(folder);
  for (const name of ['notes.txt', '../a.png', 'a/b.png', '/etc/passwd', '.png', 'a.png.part']) {
    await expect(storage.remove(name)).rejects.toThrow('not the name of a picture file');
  }
  await expect(readFile(join(folder, 'notes.txt'), 'utf8')).resolves.toBe('mine');
});
