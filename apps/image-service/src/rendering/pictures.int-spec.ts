import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { GenerateImageBody, ReplyEvent } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError } from '@baton/kernel';
import { eventually, openTestDatabase, startRedis, type TestDatabase } from '@baton/testing';
import sharp from 'sharp';
import { imageSchema } from '../migrations/schema.ts';
import { FakeChatService, HIDDEN_CHAT, LISTED_CHAT } from '../testing/fake-chat-service.ts';
import { FakeImageEngine, FakePictureLanguage, forEver } from '../testing/fake-engines.ts';
import { ImageProcess } from '../testing/image-process.ts';
import type { ObjectInfo } from '../workflows/check-workflow.ts';
import { fluxTextToImage } from '../workflows/flux-workflows.ts';
import { prepareWorkflow } from '../workflows/read-workflow.ts';
import { classesOf } from '../workflows/workflows.service.ts';

const ANNA = 1;
const BORIS = 2;
const CHECKPOINT = { kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' } as const;

describe('pictures', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let picture: Buffer;
  let folder: string;
  let gpu: FakeGpu;
  let chat: FakeChatService;
  let language: FakePictureLanguage;
  let engine: FakeImageEngine;
  let service: ImageProcess;

  beforeAll(async () => {
    const color = { width: 64, height: 48, channels: 3, background: '#369' } as const;
    [database, { url: redisUrl }, picture] = await Promise.all([
      openTestDatabase(imageSchema, 'sqlite'),
      startRedis(),
      sharp({ create: color }).png().toBuffer(),
    ]);
    chat = new FakeChatService();
  });
  afterAll(() => database.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'image-pictures-'));
    gpu = new FakeGpu('http://127.0.0.1:1');
    chat.return();
    chat.ends.length = 0;
    chat.models = ['gpt-oss:20b', 'llava:13b'];
    language = new FakePictureLanguage();
    engine = new FakeImageEngine(() => picture);
    service = await start();
  });
  afterEach(async () => {
    await service.shutDown();
    await rm(folder, { recursive: true });
  });

  function start(workflows = {}, nodeClasses = () => null as ObjectInfo | null): Promise<ImageProcess> {
    const parts = { source: database.source, redisUrl, gpu, chat, prompts: language, engine, workflows };
    return ImageProcess.start({ ...parts, nodeClasses, folder: join(folder, 'images') });
  }

  /** A picture of Anna's, 800 by 400. */
  async function upload(): Promise<number> {
    const color = { width: 800, height: 400, channels: 3, background: '#a33' } as const;
    const stored = await service.files.storeUploaded(await sharp({ create: color }).jpeg().toBuffer());
    return service.images.addUpload({ ...stored, userId: ANNA, createdAt: 1 });
  }

  async function ask(more: Partial<GenerateImageBody> = {}): Promise<number> {
    const { reply } = await service.requests.generate(ANNA, { chat_id: 5, description: 'a fence', ...more });
    return reply.id;
  }

  function ended(messageId: number) {
    return eventually(async () => {
      const request = await service.images.findOwned(messageId, ANNA);
      return request?.isReported === true ? request : null;
    });
  }

  function ofType<T extends ReplyEvent['type']>(events: readonly ReplyEvent[], type: T) {
    return events.filter((event): event is Extract<ReplyEvent, { type: T }> => event.type === type);
  }

  describe('made out of another one', () => {
    beforeEach(() => {
      language.writing = () => ({
        prompt: 'A white fence.',
        by: 'model',
        settings: { denoise: 5, steps: 26 },
      });
    });

    test('it is looked at, described and changed, all language work under one lease', async () => {
      const reference = await upload();
      const messageId = await ask({ reference_image_id: reference, description: 'make it white' });
      await ended(messageId);
      expect(language.asked).toEqual(['llava:13b', 'gpt-oss:20b']);
      expect(language.wishes).toEqual([
        { description: 'make it white', seen: 'A red fence.', isChange: true },
      ]);
      expect(gpu.jobIds).toEqual([`prompting-${messageId}-1`, `render-${messageId}-1`]);
      expect(engine.brought).toHaveLength(1);
      await expect(sharp(engine.brought[0]?.bytes).metadata()).resolves.toMatchObject({
        format: 'png',
        width: 800,
        height: 400,
      });
      expect(engine.orders).toMatchObject([
        {
          graph: {
            '2': { inputs: { text: 'A white fence.' } },
            '5': { class_type: 'LoadImage', inputs: { image: `baton/${engine.brought[0]?.name}` } },
            '6': { inputs: { width: 800, height: 400 } },
            '9': { inputs: { denoise: 0.9, steps: 26, cfg: 1, sampler_name: 'euler' } },
          },
        },
      ]);
      const [image] = await service.requests.get(ANNA, messageId);
      expect(image).toMatchObject({
        kind: 'image',
        reference_image_id: reference,
        reference_description: 'A red fence.',
        settings: { denoise: 0.9, steps: 26 },
        settings_by: 'model',
        prompt_by: 'model',
        workflow: { name: 'built in' },
      });
      expect(Object.keys(image?.timings ?? {}).sort()).toEqual([
        'prompt',
        'render',
        'store',
        'upload',
        'vision',
      ]);
    });

    test('what was seen is kept with the picture: it is not looked at again', async () => {
      const reference = await upload();
      await ended(await ask({ reference_image_id: reference }));
      await ended(await ask({ reference_image_id: reference }));
      expect(language.asked).toEqual(['llava:13b', 'gpt-oss:20b', 'gpt-oss:20b']);
    });

    test('an earlier message’s picture can be named by the message', async () => {
      const first = await ask();
      await ended(first);
      const second = await ask({ reference_message_id: first });
      await ended(second);
      const [of] = await service.requests.get(ANNA, first);
      const [image] = await service.requests.get(ANNA, second);
      expect(image).toMatchObject({ kind: 'image', reference_image_id: of?.id });
    });

    test.each<[string, () => void]>([
      ['no model can see', () => (chat.models = ['gpt-oss:20b'])],
      ['the one that sees talks nonsense', () => (language.seeing = () => null)],
      [
        'the one that sees fails',
        () => (language.seeing = () => Promise.reject(new AppError('engine.stalled'))),
      ],
    ])('it is made also when %s', async (_, arrange) => {
      arrange();
      const messageId = await ask({ reference_image_id: await upload() });
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'done', prompt: 'A white fence.' });
      expect(language.wishes).toMatchObject([{ seen: null, isChange: true }]);
    });

    test('settings that make no sense are the usual ones, and the record says so', async () => {
      language.writing = (description) => ({ prompt: description, by: 'user', settings: null });
      const messageId = await ask({ reference_image_id: await upload() });
      await ended(messageId);
      const [image] = await service.requests.get(ANNA, messageId);
      expect(image).toMatchObject({
        settings: { denoise: 0.6, steps: 28 },
        settings_by: 'default',
        prompt_by: 'user',
      });
    });

    test('another person’s picture, or none, is named with its field, and nothing is stored', async () => {
      const reference = await upload();
      const asked = { chat_id: 5, description: 'a fence' };
      await expect(
        service.requests.generate(BORIS, { ...asked, reference_image_id: reference }),
      ).rejects.toMatchObject({ code: 'image.not_found', issues: [{ path: 'reference_image_id' }] });
      await expect(
        service.requests.generate(ANNA, { ...asked, reference_message_id: 999_999 }),
      ).rejects.toMatchObject({ code: 'image.not_found', issues: [{ path: 'reference_message_id' }] });
      expect(gpu.jobIds).toEqual([]);
    });
  });

  describe('several of one request', () => {
    test('each has its own seed, job and order, and all are kept', async () => {
      const messageId = await ask({ batch_count: 3, seed: 40 });
      await ended(messageId);
      expect(gpu.jobIds).toEqual([
        `prompting-${messageId}-1`,
        `render-${messageId}-1`,
        `render-${messageId}-1-v1`,
        `render-${messageId}-1-v2`,
      ]);
      expect(engine.orders.map(({ graph }) => graph['9']?.inputs['seed']).sort()).toEqual([40, 41, 42]);
      const images = await service.requests.get(ANNA, messageId);
      expect(images.map(({ variant, seed, batch_count: count }) => [variant, seed, count])).toEqual([
        [0, 40, 3],
        [1, 41, 3],
        [2, 42, 3],
      ]);
      const told = ofType(await service.events(messageId), 'image');
      expect(told.map(({ variant }) => variant).sort()).toEqual([0, 1, 2]);
      expect(chat.ends).toMatchObject([{ state: 'done', attachments: [{}, {}, {}] }]);
    });

    test('the same seed, prompt and settings are the same order, but for its id', async () => {
      const body = { use_prompt_as_is: true, seed: 40 } as const;
      await ended(await ask(body));
      await ended(await ask(body));
      const [one, two] = engine.orders.map(({ graph, promptId }) =>
        JSON.stringify(graph).replaceAll(promptId, 'id'),
      );
      expect(one).toBe(two);
    });

    test('one that fails is made again, and those that were made are not', async () => {
      let failures = 0;
      engine.rendering = (_, order) => {
        const isSecond = order?.graph['9']?.inputs['seed'] === 41;
        if (isSecond && failures++ === 0) return Promise.reject(new AppError('image.interrupted'));
        return picture;
      };
      const messageId = await ask({ batch_count: 2, seed: 40 });
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'done', attempt: 2 });
      expect(engine.orders).toHaveLength(3);
      expect(gpu.jobIds.at(-1)).toBe(`render-${messageId}-2-v1`);
      await expect(service.requests.get(ANNA, messageId)).resolves.toHaveLength(2);
    });

    test('stopping keeps what is there', async () => {
      engine.rendering = (_, order) => (order?.graph['9']?.inputs['seed'] === 40 ? picture : forEver());
      const messageId = await ask({ batch_count: 2, seed: 40 });
      await eventually(async () => (await service.requests.get(ANNA, messageId)).length === 1);
      await service.requests.cancel(ANNA, messageId);
      expect(chat.ends).toMatchObject([{ state: 'cancelled', attachments: [{ width: 64 }] }]);
      expect((await service.events(messageId)).at(-1)).toMatchObject({ state: 'cancelled' });
    });

    test('after a restart the rest is made, and orders that the engine still has are followed', async () => {
      engine.rendering = (_, order) => (order?.graph['9']?.inputs['seed'] === 40 ? picture : forEver());
      const messageId = await ask({ batch_count: 3, seed: 40 });
      await eventually(async () => (await service.requests.get(ANNA, messageId)).length === 1);
      await eventually(() => engine.orders.length === 3);
      const kept = engine.orders.find(({ graph }) => graph['9']?.inputs['seed'] === 41)?.promptId ?? '';
      await service.kill();
      gpu = new FakeGpu('http://127.0.0.1:1');
      engine = new FakeImageEngine(() => picture);
      engine.known.add(kept);
      service = await start();
      service.recovery.onApplicationBootstrap();
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'done' });
      expect(engine.followed).toEqual([kept]);
      expect(engine.orders.map(({ graph }) => graph['9']?.inputs['seed'])).toEqual([42]);
      await expect(service.requests.get(ANNA, messageId)).resolves.toHaveLength(3);
    });
  });

  test('a prompt that is used as it is asks no language model', async () => {
    const messageId = await ask({ use_prompt_as_is: true, settings: { steps: 7, guidance: 2 } });
    await ended(messageId);
    expect([language.asked, gpu.jobIds]).toEqual([[], [`render-${messageId}-1`]]);
    const [image] = await service.requests.get(ANNA, messageId);
    expect(image).toMatchObject({
      prompt: 'a fence',
      prompt_by: 'user',
      settings: { steps: 7, guidance: 2, denoise: 1 },
      settings_by: 'user',
    });
  });

  test('without a chat it has a hidden one that nobody is told of; what is made like it by hand gets a chat', async () => {
    const { reply } = await service.requests.generate(ANNA, { chat_id: null, description: 'a pier' });
    expect(reply.chat_id).toBeGreaterThan(HIDDEN_CHAT);
    await expect(ended(reply.id)).resolves.toMatchObject({ state: 'done', chatId: reply.chat_id });
    const [image] = await service.requests.get(ANNA, reply.id);
    expect(image?.chat_id).toBeNull();
    const again = await service.requests.vary(ANNA, image?.id ?? 0, { batch_count: 1 });
    expect(again.reply.chat_id).toBeGreaterThan(LISTED_CHAT);
    expect(again.reply.chat_id).toBeLessThan(HIDDEN_CHAT);
    await ended(again.reply.id);
    const [other] = await service.requests.get(ANNA, again.reply.id);
    expect(other?.chat_id).toBe(again.reply.chat_id);
  });

  test('another version of a picture whose beginning was thrown away is refused at once', async () => {
    const { id: imageId } = await service.uploads.takeIn(ANNA, picture);
    const wish = { chat_id: 5, description: 'a fence in red', reference_image_id: imageId };
    const { reply } = await service.requests.generate(ANNA, wish);
    await ended(reply.id);
    const [made] = await service.requests.get(ANNA, reply.id);
    await service.gallery.delete(ANNA, imageId);
    await expect(service.requests.vary(ANNA, made?.id ?? 0, { batch_count: 1 })).rejects.toMatchObject({
      code: 'image.not_found',
      issues: [{ path: 'id', message: expect.stringContaining('was made out of') }],
    });
    expect(chat.open.size).toBe(0);
  });

  test('another version has the same prompt, settings and size, and another seed', async () => {
    const first = await ask({ width: 512, height: 256, seed: 40 });
    await ended(first);
    const [image] = await service.requests.get(ANNA, first);
    const { reply } = await service.requests.vary(ANNA, image?.id ?? 0, { batch_count: 1 });
    await ended(reply.id);
    expect(language.asked).toHaveLength(1);
    const [other] = await service.requests.get(ANNA, reply.id);
    expect(other).toMatchObject({ prompt: image?.prompt, settings: image?.settings, chat_id: 5 });
    expect(other?.seed).not.toBe(40);
    expect(engine.orders[1]?.graph['5']?.inputs).toMatchObject({ width: 512, height: 256 });
    await expect(service.requests.vary(BORIS, image?.id ?? 0, { batch_count: 1 })).rejects.toMatchObject({
      code: 'image.not_found',
    });
    await expect(service.requests.vary(ANNA, await upload(), { batch_count: 1 })).rejects.toMatchObject({
      code: 'image.not_found',
    });
  });

  describe('a user’s own workflow', () => {
    test('makes larger copies, once it is configured', async () => {
      const first = await ask({ seed: 40 });
      await ended(first);
      const [image] = await service.requests.get(ANNA, first);
      await expect(service.requests.upscale(ANNA, image?.id ?? 0)).rejects.toMatchObject({
        code: 'image.no_upscaler',
      });
      expect(service.requests.canUpscale).toBe(false);
      await service.shutDown();
      const upscalePath = join(folder, 'larger.json');
      await writeFile(
        upscalePath,
        JSON.stringify({
          a: { class_type: 'LoadImage', inputs: { image: 'x.png' } },
          b: {
            class_type: 'ImageScaleBy',
            inputs: { image: ['a', 0], upscale_method: 'lanczos', scale_by: 2 },
          },
          c: { class_type: 'SaveImage', inputs: { images: ['b', 0], filename_prefix: 'x' } },
        }),
      );
      service = await start({ upscalePath });
      expect(service.requests.canUpscale).toBe(true);
      const { reply } = await service.requests.upscale(ANNA, image?.id ?? 0);
      await expect(ended(reply.id)).resolves.toMatchObject({ state: 'done', workflow: 'larger.json' });
      expect(engine.orders[1]?.graph['a']?.inputs['image']).toBe(`baton/${engine.brought[0]?.name}`);
      expect(language.asked).toHaveLength(1);
    });

    test('that is of no use keeps requests from being taken, and says why', async () => {
      await service.shutDown();
      await writeFile(join(folder, 'bad.json'), JSON.stringify({ nodes: [], links: [] }));
      service = await start({ textPath: join(folder, 'bad.json') });
      await expect(ask()).rejects.toMatchObject({
        code: 'image.workflow_invalid',
        issues: [{ path: 'workflow', message: expect.stringContaining('Export (API)') }],
      });
      expect(gpu.jobIds).toEqual([]);
    });

    test('that is known not to fit is refused before anything is stored', async () => {
      await service.shutDown();
      service = await start({}, () => ({}));
      await service.watch.lookAtAll();
      await expect(ask()).rejects.toMatchObject({
        code: 'image.workflow_invalid',
        issues: expect.arrayContaining([
          {
            path: 'workflow',
            message: 'built in: node 1 (CheckpointLoaderSimple): this ComfyUI has no such node',
          },
        ]),
      });
      expect(gpu.jobIds).toEqual([]);
    });

    test('takes no sampler that this ComfyUI does not have, and names those that it has', async () => {
      await service.shutDown();
      const known = await engine.describe(classesOf(prepareWorkflow('x', fluxTextToImage(CHECKPOINT))));
      const required = { sampler_name: [['euler', 'heun']], scheduler: ['COMBO', { options: ['simple'] }] };
      const links = known['KSampler']?.input.optional ?? {};
      known['KSampler'] = { input: { required, optional: links }, output: [1], output_node: false };
      let isRunning = true;
      service = await start({}, () => (isRunning ? known : null));
      await service.watch.lookAtAll();
      const wish = { chat_id: 5, description: 'a fence', settings: { sampler: 'hoyn' } };
      await expect(service.requests.generate(ANNA, wish)).rejects.toMatchObject({
        code: 'request.invalid',
        issues: [{ path: 'settings.sampler', message: 'must be one of: euler, heun' }],
      });
      expect(gpu.jobIds).toEqual([]);
      const taken = { ...wish, settings: { sampler: 'heun', scheduler: 'simple' } };
      await ended((await service.requests.generate(ANNA, taken)).reply.id);
      // What one had that has ended says nothing of the next.
      isRunning = false;
      await ended((await service.requests.generate(ANNA, wish)).reply.id);
    });

    test('that does not fit this ComfyUI is not submitted, and node and input are named', async () => {
      engine.describe = () => Promise.resolve({});
      const messageId = await ask();
      await expect(ended(messageId)).resolves.toMatchObject({
        state: 'failed',
        errorCode: 'image.workflow_invalid',
      });
      expect(engine.orders).toEqual([]);
    });
  });

  test('a chat that is deleted while a request comes in gets no picture', async () => {
    const call = jest.spyOn(chat, 'call');
    call.mockImplementationOnce(async (contract, payload) => {
      const sent = await chat.call(contract, payload);
      await service.requests.cancelChat(BORIS, 5);
      await service.requests.cancelChat(ANNA, 6);
      await service.requests.cancelChat(ANNA, 5);
      return sent;
    });
    const { reply } = await service.requests.generate(ANNA, { chat_id: 5, description: 'a fence' });
    call.mockRestore();
    await eventually(async () => (await service.images.findOwned(reply.id, ANNA))?.isReported === true);
    await expect(service.images.findOwned(reply.id, ANNA)).resolves.toMatchObject({ state: 'cancelled' });
    expect(engine.orders).toEqual([]);
  });

  test('nothing is left of a picture that was thrown away', async () => {
    const messageId = await ask();
    await ended(messageId);
    const [image] = await service.requests.get(ANNA, messageId);
    await expect(service.gallery.delete(BORIS, image?.id ?? 0)).rejects.toMatchObject({
      code: 'image.not_found',
    });
    await service.gallery.delete(ANNA, image?.id ?? 0);
    await expect(service.requests.get(ANNA, messageId)).resolves.toEqual([]);
    await expect(readdir(join(folder, 'images'))).resolves.toEqual([]);
  });
});
