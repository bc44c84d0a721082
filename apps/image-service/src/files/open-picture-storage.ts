import { codeOf } from '@baton/kernel';
import { ConfigError, type Log } from '@baton/platform';
import type { FileSettings } from '../tokens.ts';
import { LocalPictureStorage } from './local-picture.storage.ts';
import type { PictureStorage } from './picture-storage.ts';

/**
 * The storage that is configured, tried out: a wrong setting fails the start, and the message names it. One that is away or
 * full does not: everything else goes on, and pictures wait for it.
 *
 * @throws ConfigError
 */
export async function openPictureStorage(
  settings: Pick<FileSettings, 's3' | 'folder'>,
  log: Log,
): Promise<PictureStorage> {
  const storage = await storageOf(settings);
  await storage.check().catch((error: unknown) => {
    if (error instanceof ConfigError) throw error;
    const kind = settings.s3 === null ? 'local' : 's3';
    log.warn('picture.storage', { kind, code: codeOf(error) });
  });
  return storage;
}

/** The S3 client is only loaded where it is used: it is large. */
async function storageOf({ s3, folder }: Pick<FileSettings, 's3' | 'folder'>): Promise<PictureStorage> {
  if (s3 === null) return new LocalPictureStorage(folder);
  const { S3PictureStorage } = await import('./s3-picture.storage.ts');
  return new S3PictureStorage(s3);
}
