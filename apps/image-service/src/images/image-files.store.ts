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
   * @throws AppError `image.render_failed` when the bytes are no picture
   */
  async store(bytes: Buffer): Promise<StoredPicture> {
    const { png, thumbnail, width, height } = await encode(bytes);
    const name = randomUUID();
    await this.write(`${name}.webp`, thumbnail);
    await this.write(`${name}.png`, png);
    const sha256 = createHash('sha256').update(png).digest('hex');
    return { fileName: `${name}.png`, sha256, sizeBytes: png.length, width, height };
  }

  path(fileName: string, kind: 'file' | 'thumbnail'): string {
    return join(this.folder, kind === 'file' ? fileName : fileName.replace(/\.png$/, '.webp'));
  }

  private async write(name: string, bytes: Buffer): Promise<void> {
    const target = join(this.folder, name);
    const draft = `${target}.part`;
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
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw new AppError('store.unavailable', { op: 'image.write' }, { cause: error });
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
