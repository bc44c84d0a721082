import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { gallery as galleryShape, type listGallery } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { DIALECTS, eventually, openTestDatabase, startRedis, type TestDatabase } from '@baton/testing';
import sharp from 'sharp';
import type { z } from 'zod';
import { imageSchema } from '../migrations/schema.ts';
import { FakeChatService } from '../testing/fake-chat-service.ts';
import { FakeImageEngine, FakePictureLanguage } from '../testing/fake-engines.ts';
import { ImageProcess } from '../testing/image-process.ts';

/** One for all: its message ids name logs in Redis, and none may come twice. */
const chat = new FakeChatService();
const ANNA = 1;
const BORIS = 2;

describe.each(DIALECTS)('the gallery in %s', (dialect) => {
  let database: TestDatabase;
  let redisUrl: string;
  let folder: string;
  let service: ImageProcess;
  let picture: Buffer;
  let prompts: FakePictureLanguage;

  beforeAll(async () => {
    const color = { width: 64, height: 48, channels: 3, background: '#369' } as const;
    [{ url: redisUrl }, picture] = await Promise.all([
      startRedis(),
      sharp({ create: color }).png().toBuffer(),
    ]);
  });

  beforeEach(async () => {
    database = await openTestDatabase(imageSchema, dialect);
    folder = await mkdtemp(join(tmpdir(), 'gallery-'));
    chat.gone.clear();
    chat.forgotten.length = 0;
    chat.return();
    prompts = new FakePictureLanguage();
    service = await ImageProcess.start({
      source: database.source,
      redisUrl,
      folder: join(folder, 'images'),
      gpu: new FakeGpu('http://127.0.0.1:1'),
      chat,
      prompts,
      engine: new FakeImageEngine(() => picture),
    });
  });
  afterEach(async () => {
    await service.shutDown();
    await database.close();
    await rm(folder, { recursive: true });
  });

  async function made(
    description: string,
    userId = ANNA,
    chatId: number | null = 5,
  ): Promise<{ messageId: number; imageId: number }> {
    const body = { chat_id: chatId, description, use_prompt_as_is: true };
    const { reply } = await service.requests.generate(userId, body);
    await eventually(async () => (await service.images.findOwned(reply.id, userId))?.isReported === true);
    const [image] = await service.requests.get(userId, reply.id);
    return { messageId: reply.id, imageId: image?.id ?? 0 };
  }

  async function list(question: Partial<z.input<typeof listGallery.request>> = {}) {
    const page = await service.gallery.list({ userId: ANNA, limit: 40, ...question });
    return galleryShape.parse(page);
  }

  test('shows my pictures, newest first, generated and brought along, and nobody else’s', async () => {
    const fence = await made('a fence');
    await made('a castle', BORIS);
    const upload = await service.uploads.takeIn(ANNA, picture);
    const { images, storage, next_cursor: next } = await list();
    expect(images).toMatchObject([
      { id: upload.id, origin: 'uploaded', message_id: null, prompt: null },
      { id: fence.imageId, origin: 'generated', message_id: fence.messageId, chat_id: 5, prompt: 'a fence' },
    ]);
    expect(next).toBeNull();
    expect(storage).toEqual({
      used_bytes: images.reduce((sum, { size_bytes: bytes }) => sum + bytes, 0),
      limit_bytes: null,
    });
    expect((await list({ origin: 'uploaded' })).images).toHaveLength(1);
  });

  test('comes in pages that meet, also while new pictures arrive', async () => {
    const ids: number[] = [];
    for (let count = 0; count < 5; count += 1) ids.push((await service.uploads.takeIn(ANNA, picture)).id);
    const first = await list({ limit: 2 });
    await service.uploads.takeIn(ANNA, picture);
    const second = await list({ limit: 2, cursor: first.next_cursor ?? '' });
    const third = await list({ limit: 2, cursor: second.next_cursor ?? '' });
    const seen = [first, second, third].flatMap(({ images }) => images.map(({ id }) => id));
    expect(seen).toEqual([...ids].reverse());
    expect(third.next_cursor).toBeNull();
    await expect(list({ cursor: 'x' })).rejects.toMatchObject({
      code: 'request.invalid',
      issues: [{ path: 'cursor' }],
    });
  });

  test('finds by the prompt, whatever its case and accents, and wildcards find no more than that', async () => {
    const { imageId } = await made('Белый забор у ЁЛКИ, 100 % café');
    await made('a castle');
    for (const q of ['белый', 'елки', 'CAFÉ', '100 %']) {
      expect((await list({ q })).images.map(({ id }) => id)).toEqual([imageId]);
    }
    for (const q of ['%%%', 'забора', "'; --", '\\']) expect((await list({ q })).images).toEqual([]);
  });

  test('finds a picture by the person’s own words too, not only by what a model made of them', async () => {
    prompts.writing = () => ({ prompt: 'A white fence at dusk.', by: 'model', settings: null });
    const { reply } = await service.requests.generate(ANNA, { chat_id: 5, description: 'Белый забор' });
    await eventually(async () => (await service.images.findOwned(reply.id, ANNA))?.isReported === true);
    for (const q of ['забор', 'white fence']) expect((await list({ q })).images).toHaveLength(1);
  });

  test('keeps favourites', async () => {
    const { imageId } = await made('a fence');
    await made('a castle');
    await expect(service.gallery.change(ANNA, imageId, true)).resolves.toMatchObject({ favourite: true });
    expect((await list({ isFavourite: true })).images.map(({ id }) => id)).toEqual([imageId]);
    await service.gallery.change(ANNA, imageId, false);
    expect((await list({ isFavourite: true })).images).toEqual([]);
    await expect(service.gallery.change(BORIS, imageId, true)).rejects.toMatchObject({
      code: 'image.not_found',
    });
  });

  describe('a sweep', () => {
    test('takes the pictures of messages that are gone, files and all, and leaves the others', async () => {
      const [gone, kept] = [await made('a fence'), await made('a castle')];
      chat.gone.add(gone.messageId);
      await service.sweeper.sweep();
      expect((await list()).images.map(({ id }) => id)).toEqual([kept.imageId]);
      expect(await readdir(join(folder, 'images'))).toHaveLength(2);
      await expect(service.images.findOwned(gone.messageId, ANNA)).resolves.toBeNull();
    });

    test('leaves pictures without a chat to their owner, and forgets the words when he has deleted them', async () => {
      const [kept, thrown] = [await made('a fence', ANNA, null), await made('a castle', ANNA, null)];
      const inChat = await made('a mill');
      for (const { imageId } of [thrown, inChat]) await service.gallery.delete(ANNA, imageId);
      await service.sweeper.sweep();
      expect(chat.forgotten).toEqual([]);
      await database.source.query('UPDATE image_requests SET finished_at = 5');
      chat.leave({ name: 'chat.forget_image_messages' });
      await service.sweeper.sweep();
      await expect(service.images.findOwned(thrown.messageId, ANNA)).resolves.not.toBeNull();
      chat.return();
      await service.sweeper.sweep();
      expect(chat.forgotten).toEqual([thrown.messageId]);
      await expect(service.images.findOwned(thrown.messageId, ANNA)).resolves.toBeNull();
      await expect(service.images.findOwned(inChat.messageId, ANNA)).resolves.not.toBeNull();
      expect((await list()).images).toMatchObject([{ id: kept.imageId, chat_id: null, prompt: 'a fence' }]);
    });

    test('takes files that a death left behind once nobody can be storing them any more', async () => {
      const { imageId } = await made('a fence');
      const left = await service.files.storeUploaded(picture);
      const named = await service.files.storeUploaded(picture);
      await database.source.query(`UPDATE images SET file_name = '${named.fileName}' WHERE id = ${imageId}`);
      await service.sweeper.sweep();
      const folderOf = (): Promise<string[]> => readdir(join(folder, 'images'));
      expect(await folderOf()).toEqual(expect.arrayContaining([left.fileName, named.fileName]));
      await database.source.query('UPDATE image_file_drafts SET created_at = 5');
      await service.sweeper.sweep();
      const files = await folderOf();
      expect(files).toContain(named.fileName);
      expect(files).not.toContain(left.fileName);
      await expect(database.source.query('SELECT * FROM image_file_drafts')).resolves.toEqual([]);
    });

    test('never takes what others keep in the same folder, however old it is', async () => {
      await made('a fence');
      const theirs = ['IMG_2041.jpg', `${randomUUID()}.png`].map((name) => join(folder, 'images', name));
      for (const path of theirs) {
        await writeFile(path, 'x');
        await utimes(path, 1, 1);
      }
      await service.sweeper.sweep();
      for (const path of theirs) await expect(readFile(path, 'utf8')).resolves.toBe('x');
    });

    test('keeps the row of a picture whose file could not be removed, and comes back to it', async () => {
      const { imageId } = await made('a fence');
      const images = join(folder, 'images');
      const [name = ''] = await readdir(images);
      const aside = join(folder, 'aside');
      await rename(join(images, name), aside);
      // A folder with something in it is not removed, as on a storage that is away.
      await mkdir(join(images, name, 'deeper'), { recursive: true });
      await service.gallery.delete(ANNA, imageId);
      expect((await list()).images).toEqual([]);
      await service.sweeper.sweep();
      await expect(database.source.query('SELECT id FROM images')).resolves.toHaveLength(1);
      await rm(join(images, name), { recursive: true });
      await rename(aside, join(images, name));
      await service.sweeper.sweep();
      await expect(database.source.query('SELECT id FROM images')).resolves.toEqual([]);
      expect(await readdir(images)).toEqual([]);
    });

    test('finishes what a crash between row and file has left', async () => {
      const { imageId } = await made('a fence');
      await database.source.query(`UPDATE images SET deleted_at = 5 WHERE id = ${imageId}`);
      await service.sweeper.sweep();
      expect(await readdir(join(folder, 'images'))).toEqual([]);
    });

    test('without chat-service takes nothing, and fails nobody', async () => {
      const { messageId } = await made('a fence');
      chat.gone.add(messageId);
      chat.leave({ name: 'chat.gone_messages' });
      await service.sweeper.sweep();
      expect((await list()).images).toHaveLength(1);
    });
  });
});
