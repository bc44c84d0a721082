import type { FileSettings } from '../tokens.ts';
import { LocalPictureStorage } from './local-picture.storage.ts';
import type { PictureStorage } from './picture-storage.ts';

/**
 * The storage that is configured. The S3 client is only loaded where it is used: it is large. A bucket that is not there
 * or not ours fails the start, as a folder that cannot be written would fail the first picture.
 */
export async function openPictureStorage({
  s3,
  folder,
}: Pick<FileSettings, 's3' | 'folder'>): Promise<PictureStorage> {
  if (s3 === null) return new LocalPictureStorage(folder);
  const { S3PictureStorage } = await import('./s3-picture.storage.ts');
  const storage = new S3PictureStorage(s3);
  await storage.checkBucket();
  return storage;
}
