import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { FILE_SETTINGS, PICTURE_STORAGE, type FileSettings } from '../tokens.ts';
import {
  encodeForGeneration,
  encodeForModel,
  encodeRendered,
  encodeUploaded,
  type EncodedPicture,
  type PictureMediaType,
} from './picture-codec.ts';
import type { PictureStorage } from './picture-storage.ts';

export interface StoredPicture {
  readonly fileName: string;
  readonly mediaType: PictureMediaType;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly width: number;
  readonly height: number;
}

/** Pictures as files: `<name>.png` or `.jpg`, and `<name>.webp`, its thumbnail. Stored before their name is told. */
@Injectable()
export class PictureFiles {
  private readonly storage: PictureStorage;
  private readonly settings: FileSettings;

  constructor(
    @Inject(PICTURE_STORAGE) storage: PictureStorage,
    @Inject(FILE_SETTINGS) settings: FileSettings,
  ) {
    this.storage = storage;
    this.settings = settings;
  }

  /** Stores what the engine made. @throws AppError `image.render_failed`, `store.unavailable`: then nothing is left of it */
  async storeRendered(bytes: Buffer): Promise<StoredPicture> {
    return this.store(await encodeRendered(bytes));
  }

  /** Stores what somebody brought along. @throws AppError `image.not_an_image`, `image.too_many_pixels`, `store.unavailable` */
  async storeUploaded(bytes: Buffer): Promise<StoredPicture> {
    return this.store(await encodeUploaded(bytes, this.settings.upload));
  }

  /** A stored picture as a model is shown it, JPEG. @throws AppError `image.not_found`, `store.unavailable` */
  async forModel(fileName: string): Promise<Buffer> {
    return encodeForModel(await this.storage.read(fileName), this.settings.modelSide);
  }

  /** A stored picture as ComfyUI begins with it, PNG: reduced, unless it shall be kept whole. */
  async forGeneration(fileName: string, isWhole: boolean): Promise<Buffer> {
    const bytes = await this.storage.read(fileName);
    return encodeForGeneration(bytes, isWhole ? null : this.settings.modelSide);
  }

  /** A file that is not there is as good as removed. */
  async remove(fileName: string): Promise<void> {
    for (const name of [thumbnailOf(fileName), fileName]) {
      await this.storage.remove(name).catch(() => undefined);
    }
  }

  private async store(picture: EncodedPicture): Promise<StoredPicture> {
    const { bytes, mediaType, thumbnail, width, height } = picture;
    const fileName = `${randomUUID()}.${mediaType === 'image/png' ? 'png' : 'jpg'}`;
    try {
      await this.storage.put(thumbnailOf(fileName), thumbnail);
      await this.storage.put(fileName, bytes);
    } catch (error) {
      await this.remove(fileName);
      throw error;
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { fileName, mediaType, sha256, sizeBytes: bytes.length, width, height };
  }
}

export function thumbnailOf(fileName: string): string {
  return fileName.replace(/\.\w+$/, '.webp');
}
