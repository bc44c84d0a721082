import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { image } from '@baton/contracts';
import { DIALECTS, openTestDatabase, type TestDatabase } from '@baton/testing';
import { imageSchema } from '../migrations/schema.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import { ImagesRepository, imageView, type NewImage } from './images.repository.ts';

function request(messageId: number, userId = 1): ImageRequestRow {
  return {
    messageId,
    userId,
    chatId: 1,
    hasChat: true,
    description: 'Белый забор 🙂',
    width: 1024,
    height: 1024,
    seed: Number.MAX_SAFE_INTEGER,
    state: 'queued',
    prompt: null,
    promptBy: null,
    promptId: null,
    attempt: 1,
    errorCode: null,
    timeline: null,
    isReported: false,
    createdAt: 1_795_000_000_123,
    finishedAt: null,
    kind: 'text',
    batchCount: 1,
    isAsItIs: false,
    referenceImageId: null,
    wanted: null,
    settings: null,
    settingsBy: null,
    workflow: null,
    workflowHash: null,
    variants: null,
    timings: null,
  };
}

const DECIDED = {
  prompt: 'A fence.',
  promptBy: 'model',
  settings: { steps: 20, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
  settingsBy: 'default',
} as const;

function picture(messageId: number, userId = 1): NewImage {
  return {
    messageId,
    userId,
    width: 1024,
    height: 1024,
    variant: 0,
    seed: 2 ** 48,
    settings: { steps: 20, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
    model: 'flux1-dev-fp8',
    mediaType: 'image/png',
    fileName: 'a.png',
    sha256: 'a'.repeat(64),
    sizeBytes: 1_234,
    isSimulated: true,
    createdAt: 1_795_000_001_000,
  };
}

describe.each(DIALECTS)('images in %s', (dialect) => {
  let database: TestDatabase;
  let images: ImagesRepository;

  beforeAll(async () => {
    database = await openTestDatabase(imageSchema, dialect);
    images = new ImagesRepository(database.source);
  });

  afterAll(() => database.close());

  test('the migrations leave nothing for the schema builder to change', async () => {
    const { upQueries } = await database.source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  test('a request comes back as it was stored, for its owner only', async () => {
    await images.add(request(10));
    expect(await images.findOwned(10, 1)).toEqual(request(10));
    expect(await images.findOwned(10, 2)).toBeNull();
  });

  test('storing a request twice changes nothing', async () => {
    await images.add(request(11));
    await images.storePrompt(11, DECIDED);
    await images.add(request(11));
    expect(await images.findOwned(11, 1)).toMatchObject({ state: 'prompted', prompt: 'A fence.' });
  });

  test('what is open is what chat-service has not heard the end of, oldest first', async () => {
    for (const messageId of [22, 20, 21]) await images.add(request(messageId, 9));
    const end = { state: 'done', errorCode: null, timeline: [], timings: {}, finishedAt: 5 } as const;
    await images.finish(20, end);
    await images.finish(21, end);
    await images.markReported(21);
    const open = (await images.open()).filter(({ userId }) => userId === 9);
    expect(open.map(({ messageId, state }) => [messageId, state])).toEqual([
      [20, 'done'],
      [22, 'queued'],
    ]);
  });

  test('a finished picture has its public shape, and belongs to its owner', async () => {
    await images.add(request(30));
    const id = await images.addImage(picture(30), 'A fence.');
    const [row] = await images.imagesOf(30);
    expect(row).toBeDefined();
    if (row === undefined) return;
    expect(image.parse(imageView(request(30), row))).toMatchObject({
      id,
      message_id: 30,
      variant: 0,
      seed: 2 ** 48,
      url: `/api/images/${id}/file`,
      simulated: true,
    });
    expect(await images.findImage(id, 1)).not.toBeNull();
    expect(await images.findImage(id, 2)).toBeNull();
  });
});
