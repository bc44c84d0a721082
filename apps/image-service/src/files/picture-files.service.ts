import { createHash, randomUUID } from 'node:crypto';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
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
import { FileDraftsRepository } from './file-drafts.repository.ts';
import type { PictureStorage } from './picture-storage.ts';
import { tryOut } from './try-out.ts';

export interface StoredPicture {
  readonly fileName: string;
  readonly mediaType: PictureMediaType;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Pictures as files: `<name>.png` or `.jpg`, and `<name>.webp`, its thumbnail. Stored before their name is told, and written
 * down as a draft before they are stored; whoever has a row that names them says `settled`.
 */
@Injectable()
export class PictureFiles {
  private readonly storage: PictureStorage;
  private readonly settings: FileSettings;
  private readonly drafts: Pick<FileDraftsRepository, 'add' | 'forget' | 'begunBefore'>;
  private readonly clock: Clock;

  constructor(
    @Inject(PICTURE_STORAGE) storage: PictureStorage,
    @Inject(FILE_SETTINGS) settings: FileSettings,
    @Inject(FileDraftsRepository) drafts: Pick<FileDraftsRepository, 'add' | 'forget' | 'begunBefore'>,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.storage = storage;
    this.settings = settings;
    this.drafts = drafts;
    this.clock = clock;
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

  /** Whether the picture's file is there. @throws AppError `store.unavailable` */
  async has(fileName: string): Promise<boolean> {
    return (await this.storage.size(fileName)) !== null;
  }

  /** There is a row that names it. Should this fail, the sweep finds out by itself. */
  async settled(fileName: string): Promise<void> {
    await this.drafts.forget([fileName]).catch(() => undefined);
  }

  /** Names of pictures that were begun before then and never settled: left behind, or named by a row after all. */
  unsettled(begunBefore: number, limit: number): Promise<string[]> {
    return this.drafts.begunBefore(begunBefore, limit);
  }

  /** False when something of it may still be there. A file that is not there is as good as removed. */
  async remove(fileName: string): Promise<boolean> {
    try {
      await this.storage.remove(thumbnailOf(fileName));
      await this.storage.remove(fileName);
      await this.drafts.forget([fileName]);
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  /** Whether pictures can be stored just now. @throws AppError `store.unavailable` */
  tryOut(): Promise<void> {
    return tryOut(this.storage);
  }

  private async store(picture: EncodedPicture): Promise<StoredPicture> {
    const { bytes, mediaType, thumbnail, width, height } = picture;
    const fileName = `${randomUUID()}.${mediaType === 'image/png' ? 'png' : 'jpg'}`;
    await this.drafts.add({ fileName, createdAt: this.clock.now() });
    // Nothing was stored when this fails, and a storage that does not answer is not asked twice: somebody holds the GPU.
    await this.storage.put(thumbnailOf(fileName), thumbnail);
    try {
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
