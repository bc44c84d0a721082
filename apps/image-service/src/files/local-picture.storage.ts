import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '@baton/kernel';
import { PICTURE_NAME, type FilePart, type PictureStorage, type StoredFile } from './picture-storage.ts';

const DRAFT_ENDING = '.part';

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
    await rm(this.path(name), { force: true });
  }

  /** Drafts that a crash left behind are in it too: nothing else ever removes them. */
  async *list(): AsyncGenerator<StoredFile, void, undefined> {
    const folder = await opendir(this.folder).catch((cause: unknown) => {
      if (isMissing(cause)) return null;
      throw new AppError('store.unavailable', { op: 'picture.list' }, { cause });
    });
    if (folder === null) return;
    for await (const entry of folder) {
      const isOurs = PICTURE_NAME.test(entry.name.replace(/\.part$/, ''));
      if (!entry.isFile() || !isOurs) continue;
      const found = await stat(join(this.folder, entry.name)).catch(() => null);
      if (found !== null) yield { name: entry.name, sizeBytes: found.size, changedAtMs: found.mtimeMs };
    }
  }

  private path(name: string): string {
    const isDraft = name.endsWith(DRAFT_ENDING);
    if (!PICTURE_NAME.test(isDraft ? name.slice(0, -DRAFT_ENDING.length) : name))
      throw new Error('not the name of a picture file');
    return join(this.folder, name);
  }
}

function failure(cause: unknown, op: string): AppError {
  return isMissing(cause)
    ? new AppError('image.not_found', { reason: 'the file is gone' }, { cause })
    : new AppError('store.unavailable', { op }, { cause });
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
