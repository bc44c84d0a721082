import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import type { S3Settings } from '../files/s3-picture.storage.ts';

/** The one account that the server knows. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export interface LocalS3 {
  readonly settings: S3Settings;
  stop(): Promise<void>;
}

/**
 * An S3 server on a free port of this machine, with one bucket. It checks keys; signatures only where `isStrict`, since
 * it does not agree with the client about the slash at the end of a bucket's address, so that lists would be refused.
 */
export async function startLocalS3(options: { readonly isStrict: boolean }): Promise<LocalS3> {
  const directory = await mkdtemp(join(tmpdir(), 'local-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    allowMismatchedSignatures: !options.isStrict,
    configureBuckets: [{ name: 'pictures' }],
  });
  const { port } = await server.run();
  return {
    settings: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'pictures',
      prefix: 'baton/',
      credentials: CREDENTIALS,
      isPathStyle: true,
    },
    stop: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
