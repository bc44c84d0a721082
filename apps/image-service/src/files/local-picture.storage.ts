import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '@baton/kernel';
import { ConfigError } from '@baton/platform/config';
import { PICTURE_NAME, type FilePart, type PictureStorage } from './picture-storage.ts';
import { tryOut } from './try-out.ts';

const DRAFT_ENDING = '.part';
/** What another setting mends; a full disk is none of them. */
const WRONG_PLACE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG']);

/** Picture files in a local folder that only this user may read. Written beside their place, then moved into it. */
export class LocalPictureStorage implements PictureStorage {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async put(name: string, bytes: Buffer): Promise<void> {
    const target = this.path(name);
    const draft = `${target}${DRAFT_ENDING}`;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, target);
      await this.keepNames();
    } catch (cause) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw new AppError('store.unavailable', { op: 'picture.put' }, { cause });
    }
  }

  async size(name: string): Promise<number | null> {
    try {
      return (await stat(this.path(name))).size;
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw new AppError('store.unavailable', { op: 'picture.size' }, { cause });
    }
  }

  async open(name: string, part?: FilePart): Promise<Readable> {
    const path = this.path(name);
    const file = await open(path).catch((cause: unknown) => {
      throw failure(cause, 'picture.open');
    });
    return file.createReadStream({ ...part, autoClose: true });
  }

  async read(name: string): Promise<Buffer> {
    try {
      return await readFile(this.path(name));
    } catch (cause) {
      throw failure(cause, 'picture.read');
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.path(name);
    try {
      await rm(`${path}${DRAFT_ENDING}`, { force: true });
      await rm(path, { force: true });
    } catch (cause) {
      throw new AppError('store.unavailable', { op: 'picture.remove' }, { cause });
    }
  }

  async check(): Promise<void> {
    try {
      await tryOut(this);
    } catch (error) {
      const reason = error instanceof AppError ? codeOfSystem(error.cause) : undefined;
      if (reason === undefined || !WRONG_PLACE.has(reason)) throw error;
      throw new ConfigError(`IMAGE_STORAGE_PATH: pictures cannot be written there (${reason})`);
    }
  }

  /** A name is in the folder, not in the file: without this a power cut could lose a picture whose row is stored. */
  private async keepNames(): Promise<void> {
    // Windows opens no folder, and keeps names by itself.
    if (process.platform === 'win32') return;
    const folder = await open(this.folder);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private path(name: string): string {
    if (!PICTURE_NAME.test(name)) throw new Error('not the name of a picture file');
    return join(this.folder, name);
  }
}

function failure(cause: unknown, op: string): AppError {
  return isMissing(cause)
    ? new AppError('image.not_found', { reason: 'the file is gone' }, { cause })
    : new AppError('store.unavailable', { op }, { cause });
}

function isMissing(error: unknown): boolean {
  return codeOfSystem(error) === 'ENOENT';
}

function codeOfSystem(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
