import { expect } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  gallery,
  sentMessage,
  uploadedImage,
  type GalleryEntry,
  type Image,
  type UploadedImage,
} from '@baton/contracts';
import { eventually } from '@baton/testing';
import sharp from 'sharp';
import { z } from 'zod';
import { problemCode, type Answer, type Person } from './testing/person.ts';
import { hurry, scenarios, slowRenders } from './testing/scenarios.ts';
import type { Stack } from './testing/stack.ts';

const LONG_MS = 50_000;
const SMALL = { width: 256, height: 256 };

const finishedWork = z.object({ finished: z.array(z.object({ engine: z.string(), key: z.string() })) });

// The sweep is what removes files of deleted chats.
const { scenario } = scenarios({ env: { IMAGE_SWEEP_MINUTES: '0.02' } });

/** What the engines have brought to a good end since the stack began. */
async function finished(stack: Stack): Promise<z.infer<typeof finishedWork>['finished']> {
  return finishedWork.parse(await stack.card.get('/finished')).finished;
}

async function generate(person: Person, body: object): Promise<number> {
  const answer = await person.ask('POST', '/api/image/generate', { ...SMALL, ...body });
  return sentMessage.parse(answer.body).reply.id;
}

async function picturesOf(person: Person, messageId: number): Promise<Image[]> {
  const end = await person.follow(messageId).ended(LONG_MS);
  expect(end).toMatchObject({ state: 'done' });
  return person.images(messageId);
}

async function send(person: Person, bytes: Buffer): Promise<Answer> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'fence.png');
  const response = await fetch(`${person.url}/api/image/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${person.session.access_token}` },
    body: form,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A photograph that lies on its side, as cameras store it: 300 by 200 when it is turned upright. */
async function upload(person: Person): Promise<UploadedImage> {
  const create = { width: 200, height: 300, channels: 3, background: '#933' } as const;
  const bytes = await sharp({ create }).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const answer = await send(person, bytes);
  expect(answer.status).toBe(201);
  return uploadedImage.parse(answer.body);
}

const PLAIN = { width: 64, height: 64, channels: 3, background: '#339' } as const;

/** No file of a running process may grow beyond so many bytes: to it, the disk is full. */
async function limitFiles(pid: number, bytes: string): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

async function shown(person: Person): Promise<GalleryEntry[]> {
  return gallery.parse((await person.ask('GET', '/api/images')).body).images;
}

scenario(
  'an image-service killed in the middle of the second of three pictures: each is made once',
  async (stack) => {
    await slowRenders(stack);
    const person = await stack.newPerson();
    const seed = 7_000_000;
    const wish = { chat_id: await person.newChat(), description: 'A harbour.', batch_count: 3, seed };
    const messageId = await generate(person, { ...wish, use_prompt_as_is: true });
    const follower = person.follow(messageId);
    const first = await follower.until(({ type }) => type === 'image', LONG_MS);
    const isOfAnother = ({ variant }: { readonly variant?: number | undefined }): boolean =>
      'variant' in first && variant !== first.variant;
    await follower.until((event) => event.type === 'progress' && isOfAnother(event));

    await stack.crash('image-service');
    await hurry(stack);
    expect(await follower.ended(LONG_MS)).toMatchObject({ state: 'done' });
    const pictures = await person.images(messageId);
    expect(pictures.map((picture) => [picture.variant, picture.seed])).toEqual([
      [0, seed],
      [1, seed + 1],
      [2, seed + 2],
    ]);
    for (const { url } of pictures) {
      await expect(sharp(await person.download(url)).metadata()).resolves.toMatchObject(SMALL);
    }
    const keys = (await finished(stack)).flatMap(({ engine, key }) => (engine === 'comfyui' ? [key] : []));
    expect(keys.filter((key) => Number(key) >= seed && Number(key) < seed + 3).sort()).toEqual(
      [seed, seed + 1, seed + 2].map(String),
    );
  },
  90_000,
);

scenario('a picture is made out of an upload, which is looked at once', async (stack) => {
  await hurry(stack);
  const person = await stack.newPerson();
  const reference = await upload(person);
  expect(reference).toMatchObject({ width: 300, height: 200, media_type: 'image/jpeg' });
  const chatId = await person.newChat();
  const change = { chat_id: chatId, description: 'сделай забор белым', reference_image_id: reference.id };

  const [one] = await picturesOf(person, await generate(person, change));
  expect(one).toMatchObject({
    kind: 'image',
    reference_image_id: reference.id,
    reference_description: expect.stringMatching(/\w/),
    prompt_by: 'model',
    ...SMALL,
  });
  expect(one?.settings.denoise).toBeLessThan(1);
  expect(Object.keys(one?.timings ?? {})).toEqual(
    expect.arrayContaining(['vision', 'prompt', 'upload', 'render', 'store']),
  );
  const [two] = await picturesOf(person, await generate(person, change));
  expect(two?.reference_description).toBe(one?.reference_description);
  expect(two?.timings).not.toHaveProperty('vision');

  const stranger = await stack.newPerson();
  const theirs = { ...change, ...SMALL, chat_id: await stranger.newChat() };
  expect(problemCode(await stranger.ask('POST', '/api/image/generate', theirs))).toBe('image.not_found');
  expect(problemCode(await stranger.ask('GET', reference.url))).toBe('image.not_found');
});

scenario('what is no picture is refused and says why', async (stack) => {
  const person = await stack.newPerson();
  const answer = await send(person, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  expect([answer.status, problemCode(answer)]).toEqual([422, 'image.not_an_image']);
  expect(answer.body).toMatchObject({ errors: [{ field: 'file', message: expect.stringContaining('PNG') }] });
  await expect(shown(person)).resolves.toEqual([]);
});

scenario('pictures go with their chat, files and all, and uploads stay', async (stack) => {
  await hurry(stack);
  const person = await stack.newPerson();
  const uploaded = await upload(person);
  const chatId = await person.newChat();
  const folder = join(stack.dataDir, 'images');
  const before = new Set(readdirSync(folder));
  const [made] = await picturesOf(
    person,
    await generate(person, { chat_id: chatId, description: 'A pier.' }),
  );
  const files = readdirSync(folder).filter((name) => !before.has(name));
  expect(files).toHaveLength(2);
  expect((await shown(person)).map(({ id, origin }) => [id, origin])).toEqual([
    [made?.id, 'generated'],
    [uploaded.id, 'uploaded'],
  ]);

  expect((await person.ask('DELETE', `/api/chats/${chatId}`)).status).toBe(204);
  await eventually(() => files.every((name) => !existsSync(join(folder, name))), { timeoutMs: LONG_MS });
  expect((await shown(person)).map(({ id }) => id)).toEqual([uploaded.id]);
  expect(problemCode(await person.ask('GET', `/api/images/${made?.id ?? 0}/file`))).toBe('image.not_found');
  expect((await person.ask('GET', uploaded.url)).status).toBe(200);
});

scenario('a disk that gets full under a render keeps the picture until there is room', async (stack) => {
  if (process.platform !== 'linux') {
    process.stderr.write('Skipped: only Linux can bound the files of a process that runs.\n');
    return;
  }
  await slowRenders(stack);
  const person = await stack.newPerson();
  const kept = await upload(person);
  const chatId = await person.newChat();
  const wish = { chat_id: chatId, description: 'A mill.', use_prompt_as_is: true, seed: 9_000_000 };
  const messageId = await generate(person, wish);
  const follower = person.follow(messageId);
  await follower.until(({ type }) => type === 'progress', LONG_MS);
  const { pid } = stack.run.services['image-service'];
  await limitFiles(pid, '1');
  try {
    await hurry(stack);
    await stack.launcher.said(new RegExp(`render\\.store_wait.*messageId=${messageId}`));
    const refused = await send(person, await sharp({ create: PLAIN }).png().toBuffer());
    expect([refused.status, problemCode(refused)]).toEqual([503, 'store.unavailable']);
    expect((await person.ask('GET', kept.url)).status).toBe(200);
  } finally {
    await limitFiles(pid, 'unlimited');
  }
  expect(await follower.ended(LONG_MS)).toMatchObject({ state: 'done' });
  const [image] = await person.images(messageId);
  await expect(sharp(await person.download(image?.url ?? '')).metadata()).resolves.toMatchObject(SMALL);
  expect(stack.run.services['image-service'].pid).toBe(pid);
  const keys = (await finished(stack)).map(({ key }) => key);
  expect(keys.filter((key) => key === '9000000')).toHaveLength(1);
});
