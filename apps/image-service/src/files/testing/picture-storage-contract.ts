import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { PictureStorage } from '../picture-storage.ts';

/** What every storage of pictures must do; run against each. */
export function describePictureStorage(name: string, open: () => PictureStorage): void {
  describe(name, () => {
    let storage: PictureStorage;
    beforeEach(() => {
      storage = open();
    });

    test('gives back what was put, whole or in part', async () => {
      await storage.put('a.png', Buffer.from('0123456789'));
      await expect(storage.size('a.png')).resolves.toBe(10);
      await expect(storage.read('a.png')).resolves.toEqual(Buffer.from('0123456789'));
      await expect(text(await storage.open('a.png'))).resolves.toBe('0123456789');
      await expect(text(await storage.open('a.png', { start: 2, end: 4 }))).resolves.toBe('234');
    });

    test('says that a file is not there', async () => {
      await expect(storage.size('none.png')).resolves.toBeNull();
      await expect(storage.read('none.png')).rejects.toMatchObject({ code: 'image.not_found' });
      await expect(storage.open('none.png')).rejects.toMatchObject({ code: 'image.not_found' });
    });

    test('has no more what was removed, and removing it again is no error', async () => {
      await storage.put('a.png', Buffer.from('one'));
      await storage.put('b.webp', Buffer.from('three'));
      await storage.remove('a.png');
      await storage.remove('a.png');
      await expect(storage.size('a.png')).resolves.toBeNull();
      await expect(storage.read('b.webp')).resolves.toEqual(Buffer.from('three'));
    });

    test('can be tried out, and nothing is left of that', async () => {
      await expect(storage.check()).resolves.toBeUndefined();
    });

    test('a file put twice is the newer one', async () => {
      await storage.put('a.png', Buffer.from('one'));
      await storage.put('a.png', Buffer.from('another'));
      await expect(storage.read('a.png')).resolves.toEqual(Buffer.from('another'));
    });
  });
}
