import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  cancelImage,
  generateImage,
  getImages,
  getReply,
  replyLogKey,
  type EndEvent,
  type Image,
  type GenerateImageBody,
} from '@baton/contracts';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { reply, sent } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';
import { MadeImages } from './made-images.service.ts';

const USER = 1;
const WISH: GenerateImageBody = {
  chat_id: null,
  description: 'a fence',
  batch_count: 2,
  width: 512,
  height: 512,
};
const END: EndEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

let gateway: GatewayHarness;
let files: Server;
let redis: Redis;
let made: MadeImages;
let id = 500;
let status = 200;

beforeAll(async () => {
  files = createServer((request, response) => {
    response.writeHead(status, { 'content-type': 'image/png' }).end(`bytes of ${request.url ?? ''}`);
  });
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  const { port } = files.address() as AddressInfo;
  gateway = await GatewayHarness.start({ IMAGE_SERVICE_URL: `http://127.0.0.1:${port}` });
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  made = gateway.app.get(MadeImages);
});
afterAll(async () => {
  redis.disconnect();
  await gateway.stop();
  files.closeAllConnections();
  await new Promise((resolve) => files.close(resolve));
});
beforeEach(() => {
  id += 10;
  status = 200;
  gateway.fake.on(generateImage, () => sent(id));
});
afterEach(() => gateway.fake.reset());

/** The log as image-service leaves it. */
async function end(): Promise<void> {
  const log = new ReplyLogWriter(redis).open(replyLogKey(id));
  log.append(END);
  await log.close();
}

function picture(variant: number): Image {
  return {
    id: id + variant,
    message_id: id,
    chat_id: 1,
    kind: 'text',
    variant,
    batch_count: 2,
    description: 'a fence',
    prompt: 'A fence.',
    prompt_by: 'model',
    reference_image_id: null,
    reference_description: null,
    seed: 7 + variant,
    width: 512,
    height: 512,
    settings: { steps: 4, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
    settings_by: 'default',
    model: 'flux1-dev-fp8',
    workflow: null,
    timings: null,
    favourite: false,
    media_type: 'image/png',
    size_bytes: 10,
    url: `/api/images/${id + variant}/file`,
    thumbnail_url: `/api/images/${id + variant}/thumbnail`,
    simulated: true,
    created_at: '2026-11-21T10:00:00.000Z',
  };
}

test('who waits gets all pictures when the last is made, and their bytes', async () => {
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { kind: 'image', state: 'done' }));
  gateway.fake.on(getImages, () => ({
    message_id: id,
    images: [picture(0), picture(1)],
    can_upscale: false,
  }));
  const pictures = made.make(USER, WISH, new AbortController().signal);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
  await end();
  const [first, second] = await pictures;
  expect([first?.seed, second?.seed]).toEqual([7, 8]);
  expect(String(await made.bytes(USER, { id: second?.id ?? 0 }))).toBe(
    `bytes of /internal/images/${id + 1}/file`,
  );
  expect(gateway.fake.asked[0]).toEqual({ call: 'image.generate', request: { userId: USER, body: WISH } });
});

test('what failed is thrown with its own code, and what was stopped as that', async () => {
  const error = { code: 'engine.out_of_memory', say: 'x' };
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { kind: 'image', state: 'failed', error }));
  await end();
  const { signal } = new AbortController();
  await expect(made.make(USER, WISH, signal)).rejects.toMatchObject({ code: 'engine.out_of_memory' });
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { kind: 'image', state: 'cancelled' }));
  await expect(made.make(USER, WISH, signal)).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
});

test('who leaves stops what nobody waits for', async () => {
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { kind: 'image', state: 'cancelled' }));
  gateway.fake.on(cancelImage, () => ({ accepted: true as const }));
  const left = new AbortController();
  const pictures = made.make(USER, WISH, left.signal);
  pictures.catch(() => undefined);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 1);
  left.abort();
  await expect(pictures).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
  expect(gateway.fake.asked).toContainEqual({
    call: 'image.cancel',
    request: { userId: USER, messageId: id },
  });
});

test('a file that is gone, and an image-service that fails, are told apart', async () => {
  status = 404;
  await expect(made.bytes(USER, { id: 1 })).rejects.toMatchObject({ code: 'image.not_found' });
  status = 500;
  await expect(made.bytes(USER, { id: 1 })).rejects.toMatchObject({ code: 'call.unreachable' });
});
