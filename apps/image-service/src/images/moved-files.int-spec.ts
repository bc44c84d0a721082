import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { uploadedImage, type UploadedImage } from '@baton/contracts';
import { startService, type StartedService } from '@baton/platform';
import { startRedis } from '@baton/testing';
import { LocalS3 } from '@baton/testing/s3';
import sharp from 'sharp';
import { AppModule } from '../app.module.ts';
import { readConfig } from '../config.ts';
import { serveInternally } from '../internal-access.ts';
import { MissingFilesService } from './missing-files.service.ts';

const SECRET = 'a secret for tests only';
const HEADERS = { 'x-baton-internal': SECRET, 'x-baton-user': '1', connection: 'close' };

let redisUrl: string;
let data: string;
let bucket: LocalS3;

beforeAll(async () => {
  [{ url: redisUrl }, data, bucket] = await Promise.all([
    startRedis(),
    mkdtemp(join(tmpdir(), 'moved-files-')),
    LocalS3.start(),
  ]);
});
afterAll(async () => {
  await bucket.stop();
  await rm(data, { recursive: true });
});

/** The service over the same database, with its pictures wherever `storage` says. */
async function withService<T>(
  storage: Readonly<Record<string, string>>,
  work: (service: StartedService) => Promise<T>,
): Promise<T> {
  const config = readConfig({
    REDIS_URL: redisUrl,
    BATON_DATA_DIR: data,
    BATON_INTERNAL_SECRET: SECRET,
    CHAT_SERVICE_ADDRESS: '127.0.0.1:1',
    LOG_LEVEL: 'fatal',
    ...storage,
  });
  const { http, rpc, logLevel, internalSecret } = config.service;
  const service = await startService({
    service: 'image-service',
    module: AppModule.forRoot(config),
    http,
    rpc,
    logLevel,
    internalSecret,
    configureHttp: (app) => serveInternally(app, { secret: SECRET, maxUploadBytes: config.maxUploadBytes }),
  });
  try {
    return await work(service);
  } finally {
    await service.app.close();
  }
}

function inBucket(): Record<string, string> {
  const { endpoint, bucket: name, prefix, credentials } = bucket.settings;
  return {
    IMAGE_STORAGE: 's3',
    IMAGE_S3_ENDPOINT: endpoint,
    IMAGE_S3_BUCKET: name,
    IMAGE_S3_PREFIX: prefix,
    IMAGE_S3_ACCESS_KEY_ID: credentials.accessKeyId,
    IMAGE_S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

function missing(service: StartedService): Promise<number> {
  return service.app.get(MissingFilesService).look();
}

async function upload({ http }: StartedService): Promise<UploadedImage> {
  const picture = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#369' } })
    .png()
    .toBuffer();
  const headers = { ...HEADERS, 'content-type': 'application/octet-stream' };
  const body = new Uint8Array(picture);
  const response = await fetch(`http://${http}/internal/images`, { method: 'POST', headers, body });
  return uploadedImage.parse(await response.json());
}

async function file({ http }: StartedService, id: number, kind: 'file' | 'thumbnail'): Promise<Buffer> {
  const response = await fetch(`http://${http}/internal/images/${id}/${kind}`, { headers: HEADERS });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(String(response.status));
  return bytes;
}

/** What `aws s3 sync` does: a file's path in the folder is the object's key behind the prefix, and the other way round. */
async function sync(direction: 'up' | 'down', folder: string): Promise<void> {
  const { endpoint, region, credentials, bucket: Bucket, prefix } = bucket.settings;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  if (direction === 'up') {
    for (const name of await readdir(folder)) {
      const Body = await readFile(join(folder, name));
      await client.send(new PutObjectCommand({ Bucket, Key: prefix + name, Body }));
    }
  } else {
    await mkdir(folder);
    for (const Key of await bucket.keys()) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      await writeFile(join(folder, Key.slice(prefix.length)), (await Body?.transformToByteArray()) ?? []);
    }
  }
  client.destroy();
}

test('pictures move from the folder to a bucket and back as plain copies; what was not copied is said at the start', async () => {
  const [id, before] = await withService({}, async (service) => {
    const { id: uploaded } = await upload(service);
    await expect(missing(service)).resolves.toBe(0);
    return [uploaded, await file(service, uploaded, 'file')] as const;
  });

  await withService(inBucket(), async (service) => {
    await expect(missing(service)).resolves.toBe(1);
    await expect(file(service, id, 'file')).rejects.toThrow('404');
  });
  await sync('up', join(data, 'images'));
  const later = await withService(inBucket(), async (service) => {
    await expect(missing(service)).resolves.toBe(0);
    await expect(file(service, id, 'file')).resolves.toEqual(before);
    await expect(file(service, id, 'thumbnail')).resolves.not.toHaveLength(0);
    return (await upload(service)).id;
  });

  // The old folder has the old picture only.
  await withService({}, (service) => expect(missing(service)).resolves.toBe(1));
  const back = join(data, 'back');
  await sync('down', back);
  await withService({ IMAGE_STORAGE_PATH: back }, async (service) => {
    await expect(missing(service)).resolves.toBe(0);
    await expect(file(service, id, 'file')).resolves.toEqual(before);
    await expect(file(service, later, 'thumbnail')).resolves.not.toHaveLength(0);
  });
}, 60_000);
