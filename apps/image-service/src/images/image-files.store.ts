import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@baton/kernel';
import { Inject, Injectable } from '@nestjs/common';
import sharp from 'sharp';
import { FILE_SETTINGS, type FileSettings } from '../tokens.ts';

export interface StoredPicture {
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly width: number;
  readonly height: number;
}

const THUMBNAIL_SIDE = 384;
/** No render of ours comes near; a decoder must not be made to fill the memory. */
const MAX_PIXELS = 64_000_000;

/**
 * Picture files in a local folder: `<name>.png`, written whole or not at all, and `<name>.webp`, its thumbnail. A file
 * is on the disk before its name is told to anybody.
 */
@Injectable()
export class ImageFilesStore {
  private readonly folder: string;

  constructor(@Inject(FILE_SETTINGS) settings: FileSettings) {
    this.folder = settings.folder;
  }

  /**
   * Stores what the engine made: decoded and encoded anew, so that nothing but the picture gets in (ComfyUI writes the
   * whole workflow into its PNGs).
   *
   * @throws AppError `image.render_failed` when the bytes are no picture; `store.unavailable` when they cannot be written,
   *   and then nothing is left of them
   */
  async store(bytes: Buffer): Promise<StoredPicture> {
    const { png, thumbnail, width, height } = await encode(bytes);
    const fileName = `${randomUUID()}.png`;
    try {
      await this.write(this.path(fileName, 'thumbnail'), thumbnail);
      await this.write(this.path(fileName, 'file'), png);
    } catch (error) {
      await this.remove(fileName);
      throw new AppError('store.unavailable', { op: 'image.write' }, { cause: error });
    }
    const sha256 = createHash('sha256').update(png).digest('hex');
    return { fileName, sha256, sizeBytes: png.length, width, height };
  }

  path(fileName: string, kind: 'file' | 'thumbnail'): string {
    return join(this.folder, kind === 'file' ? fileName : fileName.replace(/\.png$/, '.webp'));
  }

  /** A file that is not there is as good as removed. */
  async remove(fileName: string): Promise<void> {
    for (const kind of ['file', 'thumbnail'] as const) {
      await rm(this.path(fileName, kind), { force: true }).catch(() => undefined);
    }
  }

  private async write(target: string, bytes: Buffer): Promise<void> {
    const draft = `${target}.part`;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    try {
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
  }
}

async function encode(bytes: Buffer) {
  try {
    const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { data: png, info } = await picture
      .clone()
      .png({ compressionLevel: 6 })
      .toBuffer({ resolveWithObject: true });
    const thumbnail = await picture
      .clone()
      .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 80 })
      .toBuffer();
    return { png, thumbnail, width: info.width, height: info.height };
  } catch (error) {
    throw new AppError(
      'image.render_failed',
      { reason: 'not a picture', bytes: bytes.length },
      { cause: error },
    );
  }
}
