import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigError } from '@baton/platform';
import { LocalS3 } from '@baton/testing/s3';
import { S3PictureStorage, type S3Settings } from './s3-picture.storage.ts';
import { describePictureStorage } from './testing/picture-storage-contract.ts';

const opened: S3PictureStorage[] = [];

function open(settings: S3Settings): S3PictureStorage {
  const storage = new S3PictureStorage(settings);
  opened.push(storage);
  return storage;
}

afterEach(() => {
  for (const storage of opened.splice(0)) storage.onApplicationShutdown();
});

describe('a bucket', () => {
  let server: LocalS3;
  let run = 0;
  let settings: S3Settings;

  beforeAll(async () => {
    server = await LocalS3.start();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    run += 1;
    settings = { ...server.settings, prefix: `run-${run}/` };
  });

  describePictureStorage('keeps pictures', () => open(settings));

  test('no name leads out of the prefix', async () => {
    const storage = open(settings);
    for (const name of ['../other.png', 'a/b.png', 'notes.txt', '.png']) {
      await expect(storage.remove(name)).rejects.toThrow('not the name of a picture file');
    }
  });

  test('one that is not there is told apart from a picture that is not', async () => {
    const storage = open({ ...settings, bucket: 'another' });
    const failure = { code: 'store.unavailable' };
    await expect(storage.put('a.png', Buffer.from('x'))).rejects.toMatchObject(failure);
    await expect(storage.size('a.png')).rejects.toMatchObject(failure);
    await expect(storage.read('a.png')).rejects.toMatchObject(failure);
    await expect(storage.open('a.png')).rejects.toMatchObject(failure);
    await expect(storage.remove('a.png')).rejects.toMatchObject(failure);
  });

  test('a server that is away, and an unknown key, are failures of the store', async () => {
    const credentials = { accessKeyId: 'somebody', secretAccessKey: 'else' };
    for (const changes of [{ credentials }, { endpoint: 'http://127.0.0.1:1' }]) {
      const storage = open({ ...settings, ...changes });
      const failed = await storage.put('a.png', Buffer.from('x')).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'store.unavailable', details: { op: 'picture.put' } });
      expect(JSON.stringify(failed)).not.toMatch(/127\.0|somebody/);
      await expect(storage.size('a.png')).rejects.toMatchObject({ code: 'store.unavailable' });
    }
  });

  test.each([
    ['there is no such bucket', { bucket: 'another' }, /^IMAGE_S3_BUCKET: /],
    [
      'the key is unknown',
      { credentials: { accessKeyId: 'somebody', secretAccessKey: 'else' } },
      /^IMAGE_S3_ACCESS_KEY_ID, IMAGE_S3_SECRET_ACCESS_KEY: /,
    ],
  ])('when %s the start fails, and says which variable to change', async (_, changes, message) => {
    const failure = await open({ ...settings, ...changes })
      .check()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toMatch(new RegExp(`ConfigError: ${message.source.slice(1)}`));
    expect(String(failure)).not.toMatch(/somebody|else\b|another/);
  });

  test('a server that is away at the start is not a wrong setting', async () => {
    const away = open({ ...settings, endpoint: 'http://127.0.0.1:1' });
    await expect(away.check()).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});

test('what is sent is signed; with a wrong secret nothing is stored or read', async () => {
  const server = await LocalS3.start({ isStrict: true });
  try {
    const storage = open(server.settings);
    await storage.put('a.png', Buffer.from('0123456789'));
    await expect(text(await storage.open('a.png', { start: 1, end: 2 }))).resolves.toBe('12');
    const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'wrong' };
    const other = open({ ...server.settings, credentials });
    await expect(other.read('a.png')).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(other.put('b.png', Buffer.from('x'))).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(storage.size('b.png')).rejects.toMatchObject({ code: 'store.unavailable' });
  } finally {
    await server.stop();
  }
});

test('a server that stumbles is asked again', async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(asked < 3 ? 503 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    const settings = { region: 'us-east-1', bucket: 'pictures', prefix: '', credentials, isPathStyle: true };
    const storage = open({ ...settings, endpoint: `http://127.0.0.1:${port}` });
    await storage.put('a.png', Buffer.from('x'));
    expect(asked).toBe(3);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
