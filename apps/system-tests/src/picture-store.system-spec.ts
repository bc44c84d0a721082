import { afterAll, afterEach, expect } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { imageLink, sentMessage, uploadedImage, type Image } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { LocalS3 } from '@baton/testing/s3';
import sharp from 'sharp';
import { z } from 'zod';
import { answerTo } from './testing/faults.ts';
import { Launcher } from './testing/launcher.ts';
import { problemCode, type Answer, type Person } from './testing/person.ts';
import { hurry, scenarios, slowRenders } from './testing/scenarios.ts';
import { newDataDir, type Stack } from './testing/stack.ts';

const LONG_MS = 50_000;
const SMALL = { width: 256, height: 256 };

let bucket: LocalS3;

function environment({ settings }: LocalS3): Record<string, string> {
  return {
    IMAGE_STORAGE: 's3',
    IMAGE_S3_ENDPOINT: settings.endpoint,
    IMAGE_S3_BUCKET: settings.bucket,
    IMAGE_S3_PREFIX: settings.prefix,
    IMAGE_S3_ACCESS_KEY_ID: settings.credentials.accessKeyId,
    IMAGE_S3_SECRET_ACCESS_KEY: settings.credentials.secretAccessKey,
  };
}

const { scenario } = scenarios(async () => {
  bucket = await LocalS3.start();
  // The sweep is what removes what a death or an outage has left in the bucket.
  return { env: { ...environment(bucket), IMAGE_SWEEP_MINUTES: '0.02' } };
});
afterEach(() => bucket.comeBack());
afterAll(() => bucket.stop());

async function upload(person: Person): Promise<number> {
  const bytes = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#933' } })
    .png()
    .toBuffer();
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'fence.png');
  const response = await fetch(`${person.url}/api/image/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${person.session.access_token}` },
    body: form,
  });
  return uploadedImage.parse(await response.json()).id;
}

async function begin(person: Person, body: object): Promise<number> {
  const wish = { chat_id: await person.newChat(), description: 'A fence.', ...SMALL, ...body };
  return sentMessage.parse((await person.ask('POST', '/api/image/generate', wish)).body).reply.id;
}

async function made(person: Person, messageId: number): Promise<Image[]> {
  expect(await person.follow(messageId).ended(LONG_MS)).toMatchObject({ state: 'done' });
  return person.images(messageId);
}

async function picture(person: Person, body: object = {}): Promise<Image> {
  const [image] = await made(person, await begin(person, { use_prompt_as_is: true, ...body }));
  if (image === undefined) throw new Error('no picture');
  return image;
}

async function get(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const response = await fetch(url, { headers });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

/** Seeds of the renders that ComfyUI has brought to a good end. */
async function renderedSeeds(stack: Stack): Promise<string[]> {
  const shape = z.object({ finished: z.array(z.object({ engine: z.string(), key: z.string() })) });
  const { finished } = shape.parse(await stack.card.get('/finished'));
  return finished.flatMap(({ engine, key }) => (engine === 'comfyui' ? [key] : []));
}

function codeOf(answer: Answer): [number, string] {
  return [answer.status, problemCode(answer)];
}

scenario(
  'pictures out of an upload lie in the bucket, come back through the gateway, and go',
  async (stack) => {
    await hurry(stack);
    const person = await stack.newPerson();
    const before = await bucket.keys();
    const reference = await upload(person);
    const uploaded = await bucket.keys();
    expect(uploaded).toHaveLength(before.length + 2);
    const change = { description: 'сделай забор белым', reference_image_id: reference, batch_count: 2 };
    const [first, second] = await made(person, await begin(person, change));
    expect([first?.kind, second?.variant]).toEqual(['image', 1]);
    const keys = (await bucket.keys()).filter((key) => !uploaded.includes(key));
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(key).toMatch(/^baton\/[0-9a-f-]{36}\.(png|webp)$/);

    const authorization = `Bearer ${person.session.access_token}`;
    const url = `${person.url}${first?.url ?? ''}`;
    const file = await get(url, { authorization });
    await expect(sharp(file.bytes).metadata()).resolves.toMatchObject({ format: 'png', ...SMALL });
    const thumbnail = await person.download(first?.thumbnail_url ?? '');
    await expect(sharp(thumbnail).metadata()).resolves.toMatchObject({ format: 'webp' });
    const part = await get(url, { authorization, range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-19/${file.bytes.length}`,
    ]);
    expect(part.bytes).toEqual(file.bytes.subarray(10, 20));
    const unchanged = await get(url, { authorization, 'if-none-match': file.headers.get('etag') ?? '' });
    expect([unchanged.status, unchanged.bytes.length]).toEqual([304, 0]);

    const path = `/api/images/${first?.id ?? 0}`;
    const link = imageLink.parse((await person.ask('POST', `${path}/link`, { kind: 'file' })).body);
    expect((await get(`${person.url}${link.url}`, {})).bytes).toEqual(file.bytes);
    expect(codeOf(await person.ask('GET', `${link.url.slice(0, -4)}xxxx`))).toEqual([
      404,
      'image.link_expired',
    ]);
    expect((await get(url, {})).status).toBe(401);

    expect((await person.ask('DELETE', path)).status).toBe(204);
    expect(await bucket.keys()).toHaveLength(uploaded.length + 2);
    expect(codeOf(await person.ask('GET', first?.url ?? ''))).toEqual([404, 'image.not_found']);
    expect((await get(`${person.url}${link.url}`, {})).status).toBe(404);
    expect((await person.ask('GET', second?.url ?? '')).status).toBe(200);
  },
);

scenario('a bucket that is away when a render ends costs neither the picture nor the GPU', async (stack) => {
  await hurry(stack);
  const person = await stack.newPerson();
  const [old, unwanted] = [await picture(person, { seed: 101 }), await picture(person, { seed: 102 })];
  const keysBefore = await bucket.keys();
  await slowRenders(stack);
  const messageId = await begin(person, { use_prompt_as_is: true, seed: 103 });
  const follower = person.follow(messageId);
  await follower.until(({ type }) => type === 'progress', LONG_MS);
  await bucket.goAway();
  await hurry(stack);
  await stack.launcher.said(new RegExp(`render\\.store_wait.*messageId=${messageId}`));

  expect(codeOf(await person.ask('GET', old.url))).toEqual([503, 'store.unavailable']);
  expect((await person.ask('DELETE', `/api/images/${unwanted.id}`)).status).toBe(204);
  await expect(answerTo(person, await person.newChat())).resolves.toMatchObject({ state: 'done' });
  expect((await person.reply(messageId)).state).not.toBe('failed');

  await bucket.comeBack();
  expect(await follower.ended(LONG_MS)).toMatchObject({ state: 'done' });
  const [image] = await person.images(messageId);
  await expect(sharp(await person.download(image?.url ?? '')).metadata()).resolves.toMatchObject(SMALL);
  expect((await renderedSeeds(stack)).filter((seed) => seed === '103')).toHaveLength(1);
  expect((await person.ask('GET', old.url)).status).toBe(200);
  // The one picture came, and the one that was deleted in the outage went with the next sweep.
  await eventually(async () => (await bucket.keys()).length === keysBefore.length, { timeoutMs: LONG_MS });
});

scenario('an image-service killed between object and row leaves one picture and no object', async (stack) => {
  await hurry(stack);
  const person = await stack.newPerson();
  const before = await bucket.keys();
  const held = bucket.holdNext(/^PUT .*\.png/);
  const messageId = await begin(person, { use_prompt_as_is: true, seed: 201 });
  await held.reached;
  const orphans = (await bucket.keys()).filter((key) => !before.includes(key));
  expect(orphans).toHaveLength(2);
  await stack.crash('image-service');
  held.release();
  const [image] = await made(person, messageId);
  expect((await renderedSeeds(stack)).filter((seed) => seed === '201')).toHaveLength(1);
  expect((await person.ask('GET', image?.url ?? '')).status).toBe(200);
  expect(await bucket.keys()).toHaveLength(before.length + 4);

  const tables = new DatabaseSync(join(stack.dataDir, 'data', 'image-service.sqlite'));
  tables.exec('PRAGMA busy_timeout = 5000; UPDATE image_file_drafts SET created_at = 5');
  tables.close();
  await eventually(async () => (await bucket.keys()).length === before.length + 2, { timeoutMs: LONG_MS });
  expect((await bucket.keys()).filter((key) => orphans.includes(key))).toEqual([]);
  expect((await person.ask('GET', image?.thumbnail_url ?? '')).status).toBe(200);
});

scenario(
  'a bucket that is away at the start keeps nobody from chatting, and is found when it is back',
  async (stack) => {
    await hurry(stack);
    const person = await stack.newPerson();
    const image = await picture(person);
    await bucket.goAway();
    await stack.crash('image-service');
    await stack.launcher.said(/picture\.storage.*store\.unavailable/);
    expect(codeOf(await person.ask('GET', image.url))).toEqual([503, 'store.unavailable']);
    await bucket.comeBack();
    expect((await person.ask('GET', image.url)).status).toBe(200);
    await expect(picture(person)).resolves.toMatchObject(SMALL);
  },
);

scenario('a start with a wrong bucket ends, and says which variable to change', async () => {
  const dataDir = newDataDir();
  try {
    const env = { ...environment(bucket), IMAGE_S3_BUCKET: 'nobodys-bucket' };
    const launcher = await Launcher.start({ dataDir, env });
    await expect(launcher.exited).resolves.toMatchObject({ code: 1 });
    const said = launcher.lines.join('\n');
    expect(said).toMatch(/image-service did not start/);
    expect(said).toMatch(/IMAGE_S3_BUCKET: there is no such bucket/);
    expect(said).not.toContain('nobodys-bucket');
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
