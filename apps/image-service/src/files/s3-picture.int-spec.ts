import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startLocalS3, type LocalS3 } from '../testing/local-s3.ts';
import { S3PictureStorage, type S3Settings } from './s3-picture.storage.ts';
import { describePictureStorage, listed } from './testing/picture-storage-contract.ts';

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
    server = await startLocalS3({ isStrict: false });
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    run += 1;
    settings = { ...server.settings, prefix: `run-${run}/` };
  });

  describePictureStorage('keeps pictures', () => open(settings));

  test('others’ objects and other prefixes are left alone', async () => {
    const storage = open(settings);
    await open({ ...settings, prefix: '' }).put('other.png', Buffer.from('x'));
    await open({ ...settings, prefix: `${settings.prefix}deeper/` }).put('deep.png', Buffer.from('x'));
    await storage.put('mine.png', Buffer.from('x'));
    expect((await listed(storage)).map(({ name }) => name)).toEqual(['mine.png']);
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
    await expect(listed(storage)).rejects.toMatchObject(failure);
    await expect(storage.checkBucket()).rejects.toMatchObject(failure);
  });

  test('a server that is away, and an unknown key, are failures of the store', async () => {
    const credentials = { accessKeyId: 'somebody', secretAccessKey: 'else' };
    for (const changes of [{ credentials }, { endpoint: 'http://127.0.0.1:1' }]) {
      const storage = open({ ...settings, ...changes });
      const failed = await storage.put('a.png', Buffer.from('x')).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'store.unavailable', details: { op: 'picture.put' } });
      expect(JSON.stringify(failed)).not.toMatch(/127\.0|somebody/);
      await expect(storage.size('a.png')).rejects.toMatchObject({ code: 'store.unavailable' });
      await expect(listed(storage)).rejects.toMatchObject({ code: 'store.unavailable' });
    }
  });
});

test('what is sent is signed; with a wrong secret nothing is stored or read', async () => {
  const server = await startLocalS3({ isStrict: true });
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

/** The local server cannot page (it wants a cipher that Node has no more), so here is what Amazon's documentation says of pages. */
test('a list is read to its end, page by page', async () => {
  const tokens: (string | null)[] = [];
  const server = createServer((request, response) => {
    const token = new URL(request.url ?? '/', 'http://local').searchParams.get('continuation-token');
    tokens.push(token);
    const next = token === null ? '<NextContinuationToken>more=+/</NextContinuationToken>' : '';
    const name = token === null ? 'first' : 'last';
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(
        `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${token === null}</IsTruncated>` +
          `<Contents><Key>${name}.png</Key><LastModified>2026-11-21T10:00:00.000Z</LastModified><Size>7</Size></Contents>` +
          `${next}</ListBucketResult>`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const storage = open({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'pictures',
      prefix: '',
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
      isPathStyle: true,
    });
    expect(await listed(storage)).toEqual([
      { name: 'first.png', sizeBytes: 7, changedAtMs: Date.parse('2026-11-21T10:00:00.000Z') },
      { name: 'last.png', sizeBytes: 7, changedAtMs: Date.parse('2026-11-21T10:00:00.000Z') },
    ]);
    expect(tokens).toEqual([null, 'more=+/']);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
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
