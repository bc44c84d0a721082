import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { addImageMessages, finishImageMessage, replyLogKey, type EndEvent } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError } from '@baton/kernel';
import { eventually, openTestDatabase, startRedis, type TestDatabase } from '@baton/testing';
import sharp from 'sharp';
import type { NewImage } from '../images/images.repository.ts';
import { variantsOf } from '../images/variants.ts';
import { imageSchema } from '../migrations/schema.ts';
import { FakeChatService } from '../testing/fake-chat-service.ts';
import { FakeImageEngine, FakePictureLanguage, forEver } from '../testing/fake-engines.ts';
import { ImageProcess } from '../testing/image-process.ts';

const ANNA = 1;
const DECIDED = {
  prompt: 'A fence.',
  promptBy: 'model',
  settings: { steps: 4, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
  settingsBy: 'default',
} as const;
const PROMPT_ID = '015ca42e-814c-4a82-9ac4-60aad02b4677';
const CANCELLED = { state: 'cancelled', errorCode: null, timeline: [], timings: {}, finishedAt: 5 } as const;
const END: EndEvent = { type: 'end', state: 'cancelled', code: null, say: null, timeline: [], usage: null };

describe('after the death of image-service', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let picture: Buffer;
  let folder: string;
  let chat: FakeChatService;
  /** What the next process has. */
  let gpu: FakeGpu;
  let prompts: FakePictureLanguage;
  let engine: FakeImageEngine;

  beforeAll(async () => {
    const color = { width: 64, height: 48, channels: 3, background: '#369' } as const;
    [database, { url: redisUrl }, picture, folder] = await Promise.all([
      openTestDatabase(imageSchema, 'sqlite'),
      startRedis(),
      sharp({ create: color }).png().toBuffer(),
      mkdtemp(join(tmpdir(), 'image-recovery-')),
    ]);
    chat = new FakeChatService();
  });
  afterAll(() => Promise.all([database.close(), rm(folder, { recursive: true })]));

  beforeEach(() => {
    chat.return();
    chat.ends.length = 0;
    gpu = new FakeGpu('http://127.0.0.1:1');
    prompts = new FakePictureLanguage();
    engine = new FakeImageEngine(() => picture);
  });

  function start(with_: {
    gpu: FakeGpu;
    prompts?: FakePictureLanguage;
    engine?: FakeImageEngine;
  }): Promise<ImageProcess> {
    return ImageProcess.start({ source: database.source, redisUrl, folder, chat, prompts, engine, ...with_ });
  }

  /** A process in which a request came in, and that died while its first job waited. */
  async function leaveBehind(more: (service: ImageProcess, messageId: number) => unknown = () => undefined) {
    const paused = new FakeGpu('http://127.0.0.1:1');
    paused.pause();
    const before = await start({ gpu: paused });
    const { reply } = await before.requests.generate(ANNA, { chat_id: 5, description: 'a fence', seed: 7 });
    await eventually(async () => (await before.logs.read(replyLogKey(reply.id))) !== '');
    await more(before, reply.id);
    await before.kill();
    return reply.id;
  }

  /** The next process, when it has taken up everything. */
  async function restarted(work: (service: ImageProcess) => Promise<void>): Promise<void> {
    const service = await start({ gpu });
    service.recovery.onApplicationBootstrap();
    await service.recovery.done();
    try {
      await work(service);
    } finally {
      await service.shutDown();
    }
  }

  function ended(service: ImageProcess, messageId: number) {
    return eventually(async () => {
      const request = await service.images.findOwned(messageId, ANNA);
      return request?.isReported === true ? request : null;
    });
  }

  async function ends(service: ImageProcess, messageId: number): Promise<unknown[]> {
    return (await service.events(messageId)).filter(({ type }) => type === 'end');
  }

  function imageOf(messageId: number): NewImage {
    return {
      messageId,
      userId: ANNA,
      width: 64,
      height: 48,
      variant: 0,
      seed: 7,
      settings: { steps: 4, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
      model: 'flux1-dev-fp8',
      mediaType: 'image/png',
      fileName: 'stored.png',
      sha256: 'a'.repeat(64),
      sizeBytes: 10,
      isSimulated: true,
      createdAt: 1,
    };
  }

  test('a request that waited for its prompt goes on by the job it had', async () => {
    const messageId = await leaveBehind();
    await restarted(async (service) => {
      await expect(ended(service, messageId)).resolves.toMatchObject({ state: 'done', seed: 7 });
      expect(gpu.jobIds).toEqual([`prompting-${messageId}-1`, `render-${messageId}-1`]);
      await expect(ends(service, messageId)).resolves.toHaveLength(1);
    });
  });

  test('a prompt that was written is not written again', async () => {
    const messageId = await leaveBehind((service, id) => service.images.storePrompt(id, DECIDED));
    await restarted(async (service) => {
      await expect(ended(service, messageId)).resolves.toMatchObject({ state: 'done', prompt: 'A fence.' });
      expect(gpu.jobIds).toEqual([`render-${messageId}-1`]);
      expect(engine.orders).toMatchObject([{ graph: { '2': { inputs: { text: 'A fence.' } } } }]);
    });
  });

  describe('while it was rendered', () => {
    const rendering = async (service: ImageProcess, id: number): Promise<void> => {
      await service.images.storePrompt(id, DECIDED);
      await service.images.storeVariants(id, [{ seed: 7, promptId: PROMPT_ID }]);
    };

    test('what the engine still has is followed', async () => {
      const messageId = await leaveBehind(rendering);
      engine.known.add(PROMPT_ID);
      await restarted(async (service) => {
        await expect(ended(service, messageId)).resolves.toMatchObject({
          state: 'done',
          variants: [{ seed: 7, promptId: PROMPT_ID }],
        });
        expect([engine.followed, engine.orders]).toEqual([[PROMPT_ID], []]);
      });
    });

    test('what the engine has lost is ordered anew, under a new id that is stored first', async () => {
      const messageId = await leaveBehind(rendering);
      let stored: string | null | undefined;
      await restarted(async (service) => {
        engine.rendering = async () => {
          const request = await service.images.findOwned(messageId, ANNA);
          stored = request === null ? null : variantsOf(request)[0]?.promptId;
          return picture;
        };
        await expect(ended(service, messageId)).resolves.toMatchObject({ state: 'done' });
        expect(engine.orders).toHaveLength(1);
        expect(engine.orders[0]?.promptId).not.toBe(PROMPT_ID);
        expect(stored).toBe(engine.orders[0]?.promptId);
      });
    });

    test('a picture that was stored is not made again', async () => {
      const messageId = await leaveBehind(async (service, id) => {
        await rendering(service, id);
        await service.images.addImage(imageOf(id), 'A fence.');
      });
      await restarted(async (service) => {
        await ended(service, messageId);
        expect(gpu.jobIds).toEqual([]);
        await expect(service.requests.get(ANNA, messageId)).resolves.toHaveLength(1);
        expect(chat.ends).toMatchObject([{ state: 'done', attachments: [{ width: 64, height: 48 }] }]);
      });
    });
  });

  test('who ends in the wait for a storage leaves a picture that is fetched by a new job', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    const before = new FakeGpu('http://127.0.0.1:1');
    const service = await start({ gpu: before });
    const { reply } = await service.requests.generate(ANNA, { chat_id: 5, description: 'a fence' });
    await eventually(async () => (await service.images.findOwned(reply.id, ANNA))?.attempt === 2);
    await service.shutDown();
    engine.known.add(engine.orders[0]?.promptId ?? '');
    await rm(folder);
    await restarted(async (next) => {
      await expect(ended(next, reply.id)).resolves.toMatchObject({ state: 'done' });
      expect(before.jobIds).toEqual([`prompting-${reply.id}-1`, `render-${reply.id}-1`]);
      expect(gpu.jobIds).toEqual([`render-${reply.id}-2`]);
      expect(engine.orders).toHaveLength(1);
    });
  });

  test.each([
    ['before chat-service was told', []],
    ['before its end stood in the log', [finishImageMessage]],
    ['when everybody was told and that was not noted', [finishImageMessage, END]],
  ])('an end that was stored %s is told, and stands in the log once', async (_, told) => {
    const messageId = await leaveBehind(async (service, id) => {
      await service.images.finish(id, CANCELLED);
      if (told.includes(finishImageMessage)) chat.open.delete(id);
      if (!told.includes(END)) return;
      const log = await service.logs.resume(replyLogKey(id));
      log.append(END);
      await log.flush();
    });
    await restarted(async (service) => {
      await ended(service, messageId);
      expect(chat.ends).toMatchObject([{ messageId, state: 'cancelled', error: null }]);
      await expect(ends(service, messageId)).resolves.toEqual([END]);
      expect(gpu.jobIds).toEqual([]);
    });
  });

  test('a failure keeps its code, its pictures and its times', async () => {
    const messageId = await leaveBehind(async (service, id) => {
      await service.images.addImage(imageOf(id), 'A fence.');
      await service.images.finish(id, { ...CANCELLED, state: 'failed', errorCode: 'engine.stalled' });
    });
    await restarted(async (service) => {
      await ended(service, messageId);
      expect(chat.ends).toMatchObject([
        { state: 'failed', error: { code: 'engine.stalled' }, attachments: [{ width: 64 }] },
      ]);
    });
  });

  test('an end that chat-service could not be told is told by the next process', async () => {
    const messageId = await leaveBehind((service, id) => service.images.finish(id, CANCELLED));
    chat.leave(finishImageMessage);
    await restarted(async (service) => {
      await expect(service.images.findOwned(messageId, ANNA)).resolves.toMatchObject({ isReported: false });
    });
    chat.return();
    await restarted(async (service) => {
      await ended(service, messageId);
      await expect(ends(service, messageId)).resolves.toEqual([END]);
    });
  });

  test('chat messages whose request was never stored get one, when chat-service is there to tell', async () => {
    const { reply } = chat.add({ userId: ANNA, chatId: 5, description: 'a forgotten fence' });
    chat.leave();
    await restarted(async (service) => {
      chat.return();
      await expect(ended(service, reply.id)).resolves.toMatchObject({ state: 'done', width: 1_024 });
      expect(engine.orders).toMatchObject([
        { graph: { '2': { inputs: { text: 'A picture of a forgotten fence.' } } } },
      ]);
    });
  });

  test('a request whose messages were stored and whose answer was lost is made as it was asked for, without a restart', async () => {
    await restarted(async (service) => {
      const { id: imageId } = await service.uploads.takeIn(ANNA, picture);
      chat.losesAnswerOf = addImageMessages.name;
      const asked = service.requests.generate(ANNA, {
        chat_id: 5,
        description: 'a fence in red',
        width: 512,
        reference_image_id: imageId,
        batch_count: 2,
        seed: 11,
        use_prompt_as_is: true,
        settings: { denoise: 0.4 },
      });
      await expect(asked).rejects.toMatchObject({ code: 'call.timeout' });
      const messageId = [...chat.open.keys()].at(-1) ?? 0;
      await expect(ended(service, messageId)).resolves.toMatchObject({
        state: 'done',
        kind: 'image',
        width: 512,
        referenceImageId: imageId,
        seed: 11,
        batchCount: 2,
        prompt: 'a fence in red',
        settings: { denoise: 0.4 },
        settingsBy: 'user',
      });
    });
  });

  test('a wish that cannot be read any more is made by its words', async () => {
    const wish = { kind: 'hologram', size: 'large' };
    const { reply } = chat.add({ userId: ANNA, chatId: 5, description: 'a fence', wish });
    await restarted(async (service) => {
      await expect(ended(service, reply.id)).resolves.toMatchObject({
        state: 'done',
        kind: 'text',
        errorCode: null,
      });
    });
  });

  test('what cannot be taken up just now keeps nothing else waiting', async () => {
    const first = await leaveBehind((service, id) => service.images.finish(id, CANCELLED));
    const second = await leaveBehind();
    const service = await start({ gpu });
    const imagesOf = jest.spyOn(service.images, 'imagesOf');
    imagesOf.mockRejectedValueOnce(new AppError('store.unavailable'));
    service.recovery.onApplicationBootstrap();
    try {
      await expect(ended(service, second)).resolves.toMatchObject({ state: 'done' });
      await expect(ended(service, first)).resolves.toMatchObject({ state: 'cancelled' });
    } finally {
      await service.shutDown();
    }
  });

  test('a request that comes in while the forgotten are looked for stays as it was asked for', async () => {
    await restarted(async (service) => {
      const { reply } = await service.requests.generate(ANNA, { chat_id: 5, description: 'b', width: 256 });
      await expect(ended(service, reply.id)).resolves.toMatchObject({ width: 256 });
      expect(engine.orders).toHaveLength(1);
    });
  });

  test('a Stop that comes before a request was taken up stops it', async () => {
    const messageId = await leaveBehind();
    gpu.pause();
    const service = await start({ gpu });
    service.recovery.onApplicationBootstrap();
    await service.requests.cancel(ANNA, messageId);
    await expect(service.images.findOwned(messageId, ANNA)).resolves.toMatchObject({ state: 'cancelled' });
    await service.shutDown();
  });

  test('an orderly stop gives the GPU back and leaves everything to the next process', async () => {
    const before = new FakeGpu('http://127.0.0.1:1');
    const busy = new FakeImageEngine((listener) => (listener.progress(1, 4), forEver()));
    const service = await start({ gpu: before, engine: busy });
    const ask = async (): Promise<number> =>
      (await service.requests.generate(ANNA, { chat_id: 5, description: 'a fence' })).reply.id;
    const held = await ask();
    await eventually(() => busy.orders.length === 1);
    before.pause();
    const waiting = await ask();
    await eventually(() => before.isWaiting(`prompting-${waiting}-1`));
    await service.shutDown();
    expect(chat.ends).toEqual([]);
    expect(before.isWaiting(`render-${held}-1`)).toBe(false);
    await restarted(async (next) => {
      await expect(ended(next, held)).resolves.toMatchObject({ state: 'done' });
      await expect(ended(next, waiting)).resolves.toMatchObject({ state: 'done' });
      // The job that was given up has ended; the one that waits is still in its place.
      expect(gpu.jobIds).toEqual(expect.arrayContaining([`render-${held}-2`, `prompting-${waiting}-1`]));
      expect(gpu.jobIds).not.toContain(`render-${held}-1`);
    });
  });
});
