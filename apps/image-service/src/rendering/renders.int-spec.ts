import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  finishImageMessage,
  isFinalState,
  listModels,
  type GenerateImageBody,
  type ReplyEvent,
} from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError } from '@baton/kernel';
import { eventually, openTestDatabase, startRedis, type TestDatabase } from '@baton/testing';
import sharp from 'sharp';
import { imageSchema } from '../migrations/schema.ts';
import { FakeChatService } from '../testing/fake-chat-service.ts';
import { FakeImageEngine, FakePictureLanguage, forEver } from '../testing/fake-engines.ts';
import { ImageProcess } from '../testing/image-process.ts';

const ANNA = 1;
const BORIS = 2;
const GUARD = 'http://127.0.0.1:1';

describe('an image request', () => {
  let database: TestDatabase;
  let redisUrl: string;
  let picture: Buffer;
  let folder: string;
  let gpu: FakeGpu;
  let chat: FakeChatService;
  let prompts: FakePictureLanguage;
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
    folder = await mkdtemp(join(tmpdir(), 'image-renders-'));
    gpu = new FakeGpu(GUARD);
    chat.return();
    chat.ends.length = 0;
    chat.models = ['gpt-oss:20b'];
    chat.onEnd = () => undefined;
    prompts = new FakePictureLanguage();
    engine = new FakeImageEngine(() => picture);
    service = await ImageProcess.start({
      source: database.source,
      redisUrl,
      folder: join(folder, 'images'),
      gpu,
      chat,
      prompts,
      engine,
    });
  });
  afterEach(async () => {
    await service.shutDown();
    await rm(folder, { recursive: true });
  });

  async function ask(more: Partial<GenerateImageBody> = {}): Promise<number> {
    const { reply } = await service.requests.generate(ANNA, { chat_id: 5, description: 'a fence', ...more });
    return reply.id;
  }

  function row(messageId: number) {
    return service.images.findOwned(messageId, ANNA);
  }

  /** The row, once everybody was told the end. */
  function ended(messageId: number) {
    return eventually(async () => {
      const request = await row(messageId);
      return request?.isReported === true ? request : null;
    });
  }

  function names(events: readonly ReplyEvent[]): string {
    return events.map((event) => (event.type === 'state' ? event.state : event.type)).join(' ');
  }

  /** Waits until the log has come to a state. */
  async function inState(messageId: number, state: string): Promise<void> {
    for await (const event of service.follow(messageId)) {
      if (event.type === 'state' && event.state === state) return;
    }
  }

  test('the log tells everything, in order, and the end finds message, row and picture complete', async () => {
    engine.rendering = (listener) => {
      listener.progress(1, 4);
      listener.preview(Buffer.from('half'), 'image/jpeg');
      listener.progress(4, 4);
      return picture;
    };
    const messageId = await ask({ width: 64, height: 48, seed: 7 });
    let atEnd: unknown;
    const events: ReplyEvent[] = [];
    for await (const event of service.follow(messageId)) {
      events.push(event);
      if (event.type === 'end') atEnd = [chat.ends.length, (await row(messageId))?.state];
    }
    expect(names(events)).toBe(
      'queued prompting prompt loading rendering progress preview progress image end',
    );
    expect(atEnd).toEqual([1, 'done']);
    expect(events.find(({ type }) => type === 'prompt')).toMatchObject({
      prompt: 'A picture of a fence.',
      seed: 7,
    });
    const [image] = await service.requests.get(ANNA, messageId);
    expect(image).toMatchObject({
      prompt: 'A picture of a fence.',
      prompt_by: 'model',
      seed: 7,
      width: 64,
      height: 48,
      model: 'flux1-dev-fp8',
      simulated: true,
    });
    expect(chat.ends).toMatchObject([
      {
        messageId,
        state: 'done',
        error: null,
        attachments: [{ image_id: image?.id, width: 64, height: 48 }],
        timeline: [{ lane: { engine: 'ollama' } }, { lane: { engine: 'comfyui', model: 'flux1-dev-fp8' } }],
      },
    ]);
    await expect(ended(messageId)).resolves.toMatchObject({ state: 'done', errorCode: null });
    expect(gpu.jobIds).toEqual([`prompting-${messageId}-1`, `render-${messageId}-1`]);
  });

  test('sizes that nobody chose are the installation’s, and seeds differ', async () => {
    const [one, two] = [await ask(), await ask()];
    await Promise.all([ended(one), ended(two)]);
    const size = { '5': { inputs: { width: 1_024, height: 768, batch_size: 1 } } };
    expect(engine.orders).toMatchObject([{ graph: size }, { graph: size }]);
    expect(new Set(engine.orders.map(({ graph }) => graph['9']?.inputs['seed'])).size).toBe(2);
    expect(new Set(engine.orders.map(({ promptId }) => promptId)).size).toBe(2);
  });

  test('the place in the queue is told while it waits', async () => {
    gpu.pause();
    const messageId = await ask();
    const jobId = `prompting-${messageId}-1`;
    await eventually(() => gpu.isWaiting(jobId));
    const view = { jobId, stage: 'queued', position: 2, etaP50Ms: null, etaP90Ms: null, swap: null } as const;
    gpu.request(jobId).onWaiting?.({ ...view, reason: { code: 'ahead_in_queue', holder: null } });
    gpu.grantAll();
    const events = await service.events(messageId);
    expect(names(events)).toMatch(/^queued queued prompting /);
    expect(events[1]).toMatchObject({ position: 2, reason: { code: 'ahead_in_queue' } });
  });

  test('to another user a request and its pictures do not exist', async () => {
    const messageId = await ask();
    await ended(messageId);
    await expect(service.requests.get(BORIS, messageId)).rejects.toMatchObject({ code: 'image.not_found' });
    await expect(service.requests.cancel(BORIS, messageId)).rejects.toMatchObject({
      code: 'image.not_found',
    });
  });

  test('without chat-service nothing is taken in', async () => {
    chat.leave();
    await expect(ask()).rejects.toMatchObject({ code: 'call.unreachable' });
    expect(gpu.jobIds).toEqual([]);
  });

  test('outcomes are counted', async () => {
    await ended(await ask());
    const text = await service.metrics.registry.metrics();
    expect(text).toMatch(/baton_renders_total\{outcome="done",code=""[^}]*\} 1/);
    expect(text).toMatch(/baton_renders_active\{[^}]*\} 0/);
  });

  describe('a language model that is of no help', () => {
    test.each<[string, () => void]>([
      [
        'talks nonsense',
        () => (prompts.writing = (description) => ({ prompt: description, by: 'user', settings: null })),
      ],
      ['fails', () => (prompts.writing = () => Promise.reject(new AppError('engine.failed')))],
      ['is not installed', () => (prompts.writing = () => Promise.reject(new AppError('model.unknown')))],
      ['is silent', () => (prompts.writing = () => Promise.reject(new AppError('engine.stalled')))],
      ['has no memory', () => (prompts.writing = () => Promise.reject(new AppError('engine.out_of_memory')))],
      ['does not exist', () => (chat.models = [])],
      ['cannot be named, as chat-service is away', () => chat.leave(listModels)],
    ])('since it %s leaves the description as the prompt', async (_, arrange) => {
      arrange();
      const messageId = await ask();
      await expect(ended(messageId)).resolves.toMatchObject({
        state: 'done',
        prompt: 'a fence',
        promptBy: 'user',
      });
      expect(engine.orders).toMatchObject([{ graph: { '2': { inputs: { text: 'a fence' } } } }]);
    });
  });

  describe('what goes wrong with the picture', () => {
    test.each([
      'image.workflow_rejected',
      'image.render_failed',
      'engine.out_of_memory',
      'engine.stalled',
    ] as const)('%s is told at once, by code and sentence', async (code) => {
      engine.rendering = () => Promise.reject(new AppError(code));
      const messageId = await ask();
      const events = await service.events(messageId);
      expect(events.at(-1)).toMatchObject({ state: 'failed', code, say: expect.any(String) });
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'failed', errorCode: code });
      expect(chat.ends).toMatchObject([{ state: 'failed', error: { code }, attachments: [] }]);
      expect(engine.orders).toHaveLength(1);
    });

    test('bytes that are no picture are a failed render', async () => {
      engine.rendering = () => Buffer.from('<html>');
      await expect(ended(await ask())).resolves.toMatchObject({ errorCode: 'image.render_failed' });
    });

    test.each(['image.interrupted', 'engine.unavailable'] as const)(
      '%s is tried again, by a new order under a new job',
      async (code) => {
        engine.rendering = () =>
          engine.orders.length < 3 ? Promise.reject(new AppError(code)) : Promise.resolve(picture);
        const messageId = await ask();
        await expect(ended(messageId)).resolves.toMatchObject({ state: 'done', attempt: 3 });
        expect(new Set(engine.orders.map(({ promptId }) => promptId)).size).toBe(3);
        expect(gpu.jobIds).toEqual([
          `prompting-${messageId}-1`,
          ...[1, 2, 3].map((attempt) => `render-${messageId}-${attempt}`),
        ]);
      },
    );

    test('after three attempts the failure is told', async () => {
      engine.rendering = () => Promise.reject(new AppError('engine.unavailable'));
      await expect(ended(await ask())).resolves.toMatchObject({ errorCode: 'engine.unavailable' });
      expect(engine.orders).toHaveLength(3);
    });

    test('a lease that is lost is asked for again, and what the engine has by then is not made twice', async () => {
      engine.rendering = () => (engine.orders.length + engine.followed.length < 2 ? forEver() : picture);
      const messageId = await ask();
      await inState(messageId, 'loading');
      await eventually(() => engine.orders.length === 1);
      const promptId = engine.orders[0]?.promptId ?? '';
      engine.known.add(promptId);
      gpu.revoke(`render-${messageId}-1`);
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'done', attempt: 2 });
      expect(engine.orders).toHaveLength(1);
      expect(engine.followed).toEqual([promptId]);
    });

    test('a connection that the guard cuts just before the lease is known to be lost is a lost lease', async () => {
      const cut = Promise.withResolvers<never>();
      prompts.writing = () =>
        prompts.asked.length === 1 ? cut.promise : { prompt: 'A fence.', by: 'model', settings: null };
      const messageId = await ask();
      await eventually(() => prompts.asked.length === 1);
      cut.reject(new AppError('engine.unavailable'));
      gpu.revoke(`prompting-${messageId}-1`);
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'done', promptBy: 'model', attempt: 2 });
    });

    test('a storage that is away is waited for without the GPU, and the picture that was made is stored', async () => {
      await writeFile(join(folder, 'images'), 'in the way');
      const messageId = await ask();
      await eventually(async () => (await row(messageId))?.attempt === 2);
      engine.known.add(engine.orders[0]?.promptId ?? '');
      expect(gpu.jobIds).toEqual([`prompting-${messageId}-1`, `render-${messageId}-1`]);
      await expect(row(messageId)).resolves.toMatchObject({ finishedAt: null });
      await rm(join(folder, 'images'));
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'done' });
      expect([engine.orders.length, engine.followed.length]).toEqual([1, 1]);
      expect(await readdir(join(folder, 'images'))).toHaveLength(2);
    });

    test('a request that waits for a storage can be stopped', async () => {
      await writeFile(join(folder, 'images'), 'in the way');
      const messageId = await ask();
      await eventually(async () => (await row(messageId))?.attempt === 2);
      await service.requests.cancel(ANNA, messageId);
      await expect(row(messageId)).resolves.toMatchObject({ state: 'cancelled' });
      await expect(service.requests.get(ANNA, messageId)).resolves.toEqual([]);
    });

    test('a picture whose row cannot be stored leaves no file', async () => {
      await database.source.query(
        `CREATE TRIGGER full_disk BEFORE INSERT ON images BEGIN SELECT RAISE(ABORT, 'full'); END`,
      );
      const failing = await ask();
      try {
        await eventually(async () => (await row(failing))?.finishedAt !== null);
      } finally {
        await database.source.query('DROP TRIGGER full_disk');
      }
      await expect(ended(failing)).resolves.toMatchObject({ errorCode: 'store.unavailable' });
      expect(engine.orders).toHaveLength(3);
      await expect(readdir(join(folder, 'images'))).resolves.toEqual([]);
    });

    test.each(['gpu.wait_too_long', 'gpu.overloaded', 'gpu.user_limit'] as const)(
      'a job that the scheduler ends with %s is told so',
      async (code) => {
        gpu.pause();
        const messageId = await ask();
        await eventually(() => gpu.isWaiting(`prompting-${messageId}-1`));
        gpu.refuse(`prompting-${messageId}-1`, code);
        await expect(ended(messageId)).resolves.toMatchObject({ errorCode: code });
      },
    );
  });

  describe('stopping', () => {
    const states: [string, () => void, (messageId: number) => Promise<unknown>][] = [
      [
        'while it waits for the prompt',
        () => gpu.pause(),
        (id) => eventually(() => gpu.isWaiting(`prompting-${id}-1`)),
      ],
      ['while the prompt is written', () => (prompts.writing = forEver), (id) => inState(id, 'prompting')],
      [
        'while it waits for the picture',
        () => (prompts.writing = (prompt) => (gpu.pause(), { prompt, by: 'model', settings: null })),
        (id) => eventually(() => gpu.isWaiting(`render-${id}-1`)),
      ],
      ['while it loads', () => (engine.rendering = forEver), (id) => inState(id, 'loading')],
      [
        'while it is rendered',
        () => (engine.rendering = (listener) => (listener.progress(1, 4), forEver())),
        (id) => inState(id, 'rendering'),
      ],
    ];
    test.each(states)('%s ends it as cancelled, for everybody', async (_, arrange, reached) => {
      arrange();
      const messageId = await ask();
      await reached(messageId);
      await service.requests.cancel(ANNA, messageId);
      expect(chat.ends).toMatchObject([{ messageId, state: 'cancelled', error: null, attachments: [] }]);
      expect((await service.events(messageId)).at(-1)).toMatchObject({ type: 'end', state: 'cancelled' });
      await expect(ended(messageId)).resolves.toMatchObject({ state: 'cancelled', errorCode: null });
      await eventually(() => !gpu.isWaiting(`render-${messageId}-1`));
      await expect(service.requests.get(ANNA, messageId)).resolves.toEqual([]);
    });

    test('twice at once is the same as once, and a request that has ended stays as it is', async () => {
      engine.rendering = forEver;
      const messageId = await ask();
      await inState(messageId, 'loading');
      await Promise.all([service.requests.cancel(ANNA, messageId), service.requests.cancel(ANNA, messageId)]);
      await ended(messageId);
      await service.requests.cancel(ANNA, messageId);
      expect(chat.ends).toHaveLength(1);
      engine.rendering = () => picture;
      const done = await ask();
      await ended(done);
      await service.requests.cancel(ANNA, done);
      await expect(row(done)).resolves.toMatchObject({ state: 'done' });
    });

    test('between two attempts there is no next one', async () => {
      engine.rendering = () => Promise.reject(new AppError('engine.unavailable'));
      const messageId = await ask();
      await eventually(() => engine.orders.length === 1);
      await service.requests.cancel(ANNA, messageId);
      await expect(row(messageId)).resolves.toMatchObject({ state: 'cancelled' });
      expect(engine.orders.length).toBeLessThan(3);
    });
  });

  test('a preview is its owner’s, and gone with the end', async () => {
    const finish = Promise.withResolvers<Buffer>();
    engine.rendering = (listener) => {
      listener.preview(Buffer.from('one'), 'image/jpeg');
      listener.preview(Buffer.from('two'), 'image/jpeg');
      return finish.promise;
    };
    const messageId = await ask();
    await eventually(() => service.previews.get(messageId, ANNA)?.revision === 2);
    expect(service.previews.get(messageId, ANNA)?.picture.toString()).toBe('two');
    expect(service.previews.get(messageId, BORIS)).toBeUndefined();
    finish.resolve(picture);
    await ended(messageId);
    await eventually(() => service.previews.get(messageId, ANNA) === undefined);
  });

  test('a chat-service that is away at the end is told when it is back, and the log ends only then', async () => {
    chat.leave(finishImageMessage);
    const messageId = await ask();
    const log = service.events(messageId);
    await eventually(async () => isFinalState((await row(messageId))?.state as 'done'));
    await expect(row(messageId)).resolves.toMatchObject({ isReported: false });
    chat.onEnd = async () => {
      await expect(row(messageId)).resolves.toMatchObject({ state: 'done' });
    };
    chat.return();
    expect((await log).at(-1)).toMatchObject({ type: 'end', state: 'done' });
    expect(chat.ends).toHaveLength(1);
    await ended(messageId);
  });
});
