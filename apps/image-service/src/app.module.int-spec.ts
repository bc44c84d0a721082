import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { checkImages, getImages, imageFilePaths, uploadedImage } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { CallClient, startService, type StartedService } from '@baton/platform';
import { startRedis } from '@baton/testing';
import sharp from 'sharp';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';
import { serveInternally } from './internal-access.ts';
import { PictureFiles, type StoredPicture } from './files/picture-files.service.ts';
import type { PictureStorage } from './files/picture-storage.ts';
import { ImagesRepository, type NewImage } from './images/images.repository.ts';
import { newRequest } from './images/new-request.ts';
import { PreviewShelf } from './rendering/preview-shelf.ts';
import { PICTURE_STORAGE } from './tokens.ts';

const SECRET = 'a secret for tests only';
const ANNA = '1';
const BORIS = '2';
const MESSAGE = 10;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe('the service, wired as in production', () => {
  let folder: string;
  let service: StartedService;
  let stored: StoredPicture;
  let imageId: number;

  beforeAll(async () => {
    const { url } = await startRedis();
    folder = await mkdtemp(join(tmpdir(), 'image-service-'));
    const config = readConfig({
      REDIS_URL: url,
      BATON_DATA_DIR: folder,
      BATON_INTERNAL_SECRET: SECRET,
      CHAT_SERVICE_ADDRESS: '127.0.0.1:1',
      LOG_LEVEL: 'fatal',
      IMAGE_MAX_UPLOAD_MB: '1',
      IMAGE_MAX_WIDTH_UPLOAD: '2048',
      IMAGE_QUOTA_MB: '1',
    });
    const { http, rpc, logLevel, internalSecret } = config.service;
    service = await startService({
      service: 'image-service',
      module: AppModule.forRoot(config),
      http,
      rpc,
      logLevel,
      internalSecret,
      configureHttp: (app) =>
        serveInternally(app, { secret: internalSecret, maxUploadBytes: config.maxUploadBytes }),
    });
    const color = { width: 600, height: 400, channels: 3, background: '#369' } as const;
    stored = await service.app
      .get(PictureFiles)
      .storeRendered(await sharp({ create: color }).png().toBuffer());
    const images = service.app.get(ImagesRepository);
    const wanted = { messageId: MESSAGE, userId: Number(ANNA), chatId: 5, description: 'a fence' };
    await images.add(newRequest(wanted, config.rendering, 1));
    imageId = await images.addImage(picture(), 'a fence');
  });

  afterAll(async () => {
    await service.app.close();
    await rm(folder, { recursive: true });
  });

  function picture(): NewImage {
    return {
      ...stored,
      messageId: MESSAGE,
      userId: Number(ANNA),
      variant: 0,
      seed: 7,
      settings: { steps: 4, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
      model: 'flux1-dev-fp8',
      isSimulated: true,
      createdAt: 1,
    };
  }

  /** Asks for a path as it stands: `fetch` would tidy it up first. */
  function ask(
    path: string,
    more: {
      readonly method?: string;
      readonly user?: string;
      readonly headers?: object;
      readonly body?: Buffer;
    } = {},
  ): Promise<Answer> {
    const { method = 'GET', user = ANNA, headers = {}, body } = more;
    const [host, port] = service.http.split(':');
    const credentials = { 'x-baton-internal': SECRET, 'x-baton-user': user };
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        { host, port, path, method, headers: { ...credentials, ...headers }, agent: false },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(pieces),
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  test('it is ready with Redis and the database, although chat-service is away', async () => {
    const { status, body } = await ask('/health/ready');
    expect([status, JSON.parse(body.toString())]).toMatchObject([200, { status: 'ok' }]);
  });

  test('it answers calls over TCP', async () => {
    const client = new CallClient({ address: service.rpc ?? '', secret: SECRET });
    const list = await client.call(getImages, { userId: Number(ANNA), messageId: MESSAGE });
    expect(list.images).toMatchObject([{ id: imageId, width: 600, height: 400, simulated: true }]);
    const foreign = client.call(getImages, { userId: Number(BORIS), messageId: MESSAGE });
    await expect(foreign).rejects.toMatchObject({ code: 'image.not_found' });
    client.close();
  });

  describe('a picture', () => {
    test('is its owner’s, with type, length, tag and leave to keep it', async () => {
      const { status, headers, body } = await ask(imageFilePaths.file(imageId));
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'image/png',
        'content-length': String(stored.sizeBytes),
        'accept-ranges': 'bytes',
        'cache-control': expect.stringContaining('immutable'),
      });
      await expect(sharp(body).metadata()).resolves.toMatchObject({ format: 'png', width: 600 });
    });

    test('has a thumbnail with a tag of its own', async () => {
      const [file, thumbnail] = [
        await ask(imageFilePaths.file(imageId)),
        await ask(imageFilePaths.thumbnail(imageId)),
      ];
      await expect(sharp(thumbnail.body).metadata()).resolves.toMatchObject({ format: 'webp', width: 384 });
      expect(thumbnail.headers.etag).not.toBe(file.headers.etag);
    });

    test('is not sent again to whoever has it', async () => {
      const { etag } = (await ask(imageFilePaths.file(imageId))).headers;
      for (const known of [etag, `W/${etag ?? ''}`, `"other", ${etag ?? ''}`, '*']) {
        const answer = await ask(imageFilePaths.file(imageId), { headers: { 'if-none-match': known } });
        expect([answer.status, answer.body.length, answer.headers.etag]).toEqual([304, 0, etag]);
      }
      const other = await ask(imageFilePaths.file(imageId), { headers: { 'if-none-match': '"other"' } });
      expect(other.status).toBe(200);
    });

    test('can be had in parts', async () => {
      const whole = (await ask(imageFilePaths.file(imageId))).body;
      const part = await ask(imageFilePaths.file(imageId), { headers: { range: 'bytes=8-15' } });
      expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 8-15/${whole.length}`]);
      expect(part.body).toEqual(whole.subarray(8, 16));
      const { etag } = part.headers;
      const range = 'bytes=8-15';
      for (const [held, status] of [
        [etag, 206],
        ['"of another picture"', 200],
      ]) {
        const answer = await ask(imageFilePaths.file(imageId), { headers: { range, 'if-range': held } });
        expect(answer.status).toBe(status);
      }
      const beyond = await ask(imageFilePaths.file(imageId), {
        headers: { range: `bytes=${whole.length}-` },
      });
      expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${whole.length}`]);
    });

    test('has its words in it when they are asked for, under a tag of its own', async () => {
      const [plain, told] = [
        await ask(imageFilePaths.file(imageId)),
        await ask(imageFilePaths.annotated(imageId)),
      ];
      expect([told.status, told.headers['content-length']]).toEqual([200, String(told.body.length)]);
      expect(told.headers.etag).not.toBe(plain.headers.etag);
      const { comments, width } = await sharp(told.body).metadata();
      expect(width).toBe(600);
      const words = new Map((comments ?? []).map(({ keyword, text }) => [keyword, text]));
      expect(words.get('Description')).toBe('a fence');
      expect(JSON.parse(words.get('Comment') ?? '')).toMatchObject({
        prompt: 'a fence',
        seed: 7,
        settings: { steps: 4 },
        model: 'flux1-dev-fp8',
      });
      await expect(sharp(plain.body).metadata()).resolves.not.toHaveProperty('comments');

      const known = { 'if-none-match': told.headers.etag };
      expect((await ask(imageFilePaths.annotated(imageId), { headers: known })).status).toBe(304);
      const part = await ask(imageFilePaths.annotated(imageId), { headers: { range: 'bytes=40-59' } });
      expect(part.status).toBe(206);
      expect(part.body).toEqual(told.body.subarray(40, 60));
      expect((await ask(imageFilePaths.annotated(imageId), { user: BORIS })).status).toBe(404);
    });

    test('answers HEAD without its bytes', async () => {
      const { status, headers, body } = await ask(imageFilePaths.file(imageId), { method: 'HEAD' });
      expect([status, headers['content-length'], body.length]).toEqual([200, String(stored.sizeBytes), 0]);
    });

    test.each([imageFilePaths.file, imageFilePaths.thumbnail, imageFilePaths.annotated])(
      'that the store does not give out just now is a failure that nobody keeps (%#)',
      async (path) => {
        const storage = service.app.get<PictureStorage>(PICTURE_STORAGE);
        const away = [jest.spyOn(storage, 'open'), jest.spyOn(storage, 'read')];
        for (const asked of away) asked.mockRejectedValueOnce(new AppError('store.unavailable'));
        const { status, headers, body } = await ask(path(imageId));
        for (const asked of away) asked.mockRestore();
        expect([status, headers.etag, headers['cache-control']]).toEqual([503, undefined, undefined]);
        expect(JSON.parse(body.toString())).toMatchObject({ code: 'store.unavailable' });
      },
    );

    test('whose file is gone is not there', async () => {
      const images = service.app.get(ImagesRepository);
      const id = await images.addImage(
        { ...picture(), messageId: MESSAGE + 1, fileName: '00000000-0000-4000-8000-000000000000.png' },
        'a fence',
      );
      const { status, headers } = await ask(imageFilePaths.file(id));
      expect([status, headers.etag, headers['cache-control']]).toEqual([404, undefined, undefined]);
    });
  });

  test.each<[string, () => Promise<Answer>]>([
    ['without the secret', () => ask(imageFilePaths.file(imageId), { headers: { 'x-baton-internal': '' } })],
    [
      'with a wrong secret of the right length',
      () => ask(imageFilePaths.file(imageId), { headers: { 'x-baton-internal': 'x'.repeat(SECRET.length) } }),
    ],
    [
      'without the secret, in another spelling',
      () => ask(`/%69nternal/images/${imageId}/file`, { headers: { 'x-baton-internal': '' } }),
    ],
    [
      'without the secret, as to a proxy',
      () => ask(`http://x/internal/images/${imageId}/file`, { headers: { 'x-baton-internal': '' } }),
    ],
    ['for another user', () => ask(imageFilePaths.file(imageId), { user: BORIS })],
    ['for nobody', () => ask(imageFilePaths.file(imageId), { user: '' })],
    ['for a user that is no number', () => ask(imageFilePaths.file(imageId), { user: '1e0' })],
    ['for a picture that is not there', () => ask(imageFilePaths.file(imageId + 1_000))],
    ['for an id with tricks', () => ask(`/internal/images/0x${imageId}/file`)],
    ['for an id that is too long', () => ask(`/internal/images/${'9'.repeat(30)}/file`)],
    ['for another kind', () => ask(`/internal/images/${imageId}/original`)],
    ['for a path that climbs', () => ask(`/internal/images/${imageId}/..%2f..%2fimage-service.sqlite`)],
    ['for a plain climb', () => ask('/internal/images/../../image-service.sqlite')],
    ['for a preview that is not there', () => ask(imageFilePaths.preview(MESSAGE + 5))],
  ])('%s there is nothing', async (_, asked) => {
    const { status, body } = await asked();
    expect(status).toBe(404);
    expect(body.toString()).not.toContain(folder);
  });

  test('a preview is its owner’s, and nobody keeps it', async () => {
    const picture = Buffer.from('half a picture');
    service.app.get(PreviewShelf).put(MESSAGE, { userId: Number(ANNA), contentType: 'image/jpeg', picture });
    const { status, headers, body } = await ask(imageFilePaths.preview(MESSAGE));
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'image/jpeg',
      'no-store',
    ]);
    expect(body).toEqual(picture);
    expect((await ask(imageFilePaths.preview(MESSAGE), { user: BORIS })).status).toBe(404);
    const stranger = { headers: { 'x-baton-internal': '' } };
    expect((await ask(imageFilePaths.preview(MESSAGE), stranger)).status).toBe(404);
  });

  describe('an upload', () => {
    const png = (width: number, height: number): Promise<Buffer> =>
      sharp({ create: { width, height, channels: 3, background: '#369' } })
        .png()
        .toBuffer();
    const upload = (body: Buffer, user = ANNA, headers: object = {}): Promise<Answer> =>
      ask(imageFilePaths.upload, {
        method: 'POST',
        user,
        headers: { 'content-type': 'application/octet-stream', ...headers },
        body,
      });

    test('is its owner’s, as a file, a thumbnail, and as a model is shown it', async () => {
      const { status, body } = await upload(await png(2_000, 1_000));
      expect(status).toBe(201);
      const stored = uploadedImage.parse(JSON.parse(body.toString()));
      expect(stored).toMatchObject({ width: 2_000, height: 1_000, media_type: 'image/png' });
      const file = await ask(imageFilePaths.file(stored.id));
      expect([file.status, file.headers['content-type']]).toEqual([200, 'image/png']);
      const shown = await ask(imageFilePaths.forModel(stored.id));
      expect(shown.headers['content-type']).toBe('image/jpeg');
      await expect(sharp(shown.body).metadata()).resolves.toMatchObject({ width: 1_024, height: 512 });
      expect((await ask(imageFilePaths.annotated(stored.id))).body).toEqual(file.body);
      for (const path of [imageFilePaths.file, imageFilePaths.thumbnail, imageFilePaths.forModel]) {
        expect((await ask(path(stored.id), { user: BORIS })).status).toBe(404);
      }
    });

    test('can be named to a model by its owner only', async () => {
      const { body } = await upload(await png(60, 40));
      const { id } = uploadedImage.parse(JSON.parse(body.toString()));
      const client = new CallClient({ address: service.rpc ?? '', secret: SECRET });
      await expect(client.call(checkImages, { userId: Number(ANNA), imageIds: [id] })).resolves.toEqual({
        images: [{ image_id: id, width: 60, height: 40 }],
      });
      await expect(client.call(checkImages, { userId: Number(BORIS), imageIds: [id] })).rejects.toMatchObject(
        { code: 'image.not_found', issues: [{ path: 'image_ids.0' }] },
      );
      client.close();
    });

    test.each([
      ['no picture', Buffer.from('hello'), 422, 'image.not_an_image'],
      ['nothing', Buffer.alloc(0), 422, 'image.not_an_image'],
      ['too large a file', Buffer.alloc(2_000_000), 413, 'request.too_large'],
    ])('of %s is refused', async (_, bytes, status, code) => {
      const answer = await upload(bytes);
      expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([status, { code }]);
    });

    test('with too many pixels is refused, and told how many are taken', async () => {
      const answer = await upload(await png(3_000, 100));
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        code: 'image.too_many_pixels',
        errors: [{ field: 'file', message: expect.stringContaining('2048') }],
      });
    });

    test('beyond a person’s storage is refused, and nobody else’s', async () => {
      const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
      const large = await sharp({
        create: { width: 640, height: 480, channels: 3, background: '#000', noise },
      })
        .png()
        .toBuffer();
      expect(large.length).toBeGreaterThan(600_000);
      const carla = '3';
      expect((await upload(large, carla)).status).toBe(201);
      const full = await upload(large, carla);
      expect([full.status, JSON.parse(full.body.toString())]).toMatchObject([
        403,
        { code: 'image.quota_reached' },
      ]);
      expect((await upload(await png(20, 20), BORIS)).status).toBe(201);
    });

    test('is nothing that a stranger can send', async () => {
      const answer = await upload(await png(20, 20), ANNA, { 'x-baton-internal': 'wrong' });
      expect(answer.status).toBe(404);
    });
  });
});
