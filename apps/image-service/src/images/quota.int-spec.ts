import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { DIALECTS, openTestDatabase, startRedis, type TestDatabase } from '@baton/testing';
import sharp from 'sharp';
import { imageSchema } from '../migrations/schema.ts';
import { FakeChatService } from '../testing/fake-chat-service.ts';
import { FakeImageEngine, FakePictureLanguage } from '../testing/fake-engines.ts';
import { ImageProcess } from '../testing/image-process.ts';

const ANNA = 1;
const BORIS = 2;
const QUOTA_BYTES = 200_000;

describe.each(DIALECTS)('a person’s storage in %s', (dialect) => {
  let database: TestDatabase;
  let redisUrl: string;
  let folder: string;
  let chat: FakeChatService;
  let service: ImageProcess;
  /** About 120 kB as it is stored: one fits, two do not. */
  let picture: Buffer;

  beforeAll(async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const create = { width: 240, height: 180, channels: 3, background: '#000', noise } as const;
    [{ url: redisUrl }, picture] = await Promise.all([startRedis(), sharp({ create }).png().toBuffer()]);
  });
  beforeEach(async () => {
    database = await openTestDatabase(imageSchema, dialect);
    folder = await mkdtemp(join(tmpdir(), 'quota-'));
    chat = new FakeChatService();
    service = await ImageProcess.start({
      source: database.source,
      redisUrl,
      folder,
      gpu: new FakeGpu('http://127.0.0.1:1'),
      chat,
      prompts: new FakePictureLanguage(),
      engine: new FakeImageEngine(() => picture),
      quotaBytes: QUOTA_BYTES,
    });
  });
  afterEach(async () => {
    await service.shutDown();
    await database.close();
    await rm(folder, { recursive: true });
  });

  test('is never exceeded by uploads, also by some that come at once', async () => {
    const uploads = await Promise.allSettled(
      Array.from({ length: 5 }, () => service.uploads.takeIn(ANNA, picture)),
    );
    const refusals = uploads.flatMap((upload) =>
      upload.status === 'rejected' ? [upload.reason as unknown] : [],
    );
    expect(refusals.length).toBeGreaterThanOrEqual(4);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'image.quota_reached' });
    await expect(service.images.usedBytes(ANNA)).resolves.toBeLessThanOrEqual(QUOTA_BYTES);
    // A file and its thumbnail for each that was taken.
    await expect(readdir(folder)).resolves.toHaveLength((5 - refusals.length) * 2);
    await expect(service.uploads.takeIn(BORIS, picture)).resolves.toMatchObject({ width: 240 });
  });

  test('says how much a picture takes that does not fit', async () => {
    await service.uploads.takeIn(ANNA, picture);
    await expect(service.uploads.takeIn(ANNA, picture)).rejects.toMatchObject({
      code: 'image.quota_reached',
      issues: [{ path: 'file', message: 'takes 0.1 MiB as it is stored, and 0.1 MiB are left' }],
    });
  });

  test('that is full takes no request for a picture, and the chat shows none', async () => {
    const large = { ...{ userId: ANNA, width: 1, height: 1, mediaType: 'image/png' as const }, createdAt: 1 };
    const fileName = '00000000-0000-4000-8000-000000000001.png';
    await service.images.addUpload({ ...large, fileName, sha256: 'a'.repeat(64), sizeBytes: QUOTA_BYTES });
    const asked = service.requests.generate(ANNA, { chat_id: 5, description: 'a fence' });
    await expect(asked).rejects.toMatchObject({ code: 'image.quota_reached' });
    expect(chat.open.size).toBe(0);
  });
});
