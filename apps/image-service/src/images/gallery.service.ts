import type { GalleryEntry, listGallery } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { PictureFiles } from '../files/picture-files.service.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import type { ImageRow } from './image.entity.ts';
import { ImagesRepository } from './images.repository.ts';
import { FILE_SETTINGS, type FileSettings } from '../tokens.ts';
import { GalleryRepository } from './gallery.repository.ts';

type Gallery = z.output<typeof listGallery.reply>;

/** All my pictures: to look through, to keep, to throw away. */
@Injectable()
export class GalleryService {
  private readonly gallery: GalleryRepository;
  private readonly images: ImagesRepository;
  private readonly files: PictureFiles;
  private readonly settings: FileSettings;
  private readonly clock: Clock;

  constructor(
    gallery: GalleryRepository,
    images: ImagesRepository,
    files: PictureFiles,
    @Inject(FILE_SETTINGS) settings: FileSettings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.gallery = gallery;
    this.images = images;
    this.files = files;
    this.settings = settings;
    this.clock = clock;
  }

  /** @throws AppError `request.invalid` for a cursor that we did not give out */
  async list(question: z.output<typeof listGallery.request>): Promise<Gallery> {
    const { userId, limit } = question;
    const [rows, usedBytes] = await Promise.all([
      this.gallery.page({
        userId,
        text: question.q ?? null,
        isFavourite: question.isFavourite ?? null,
        origin: question.origin ?? null,
        before: question.cursor === undefined ? null : readCursor(question.cursor),
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
      }),
      this.images.usedBytes(userId),
    ]);
    const page = rows.slice(0, limit);
    const requests = await this.gallery.requestsOf(page);
    const { quotaBytes } = this.settings;
    return {
      images: page.map((row) => entryOf(row, requests.get(row.messageId ?? 0))),
      next_cursor: rows.length > limit ? String(page.at(-1)?.id) : null,
      storage: { used_bytes: usedBytes, limit_bytes: quotaBytes === 0 ? null : quotaBytes },
    };
  }

  /** @throws AppError `image.not_found` */
  async change(userId: number, imageId: number, isFavourite: boolean): Promise<GalleryEntry> {
    await this.gallery.setFavourite(imageId, userId, isFavourite);
    const row = await this.images.findImage(imageId, userId);
    if (row === null) throw new AppError('image.not_found', { imageId });
    return entryOf(row, (await this.gallery.requestsOf([row])).get(row.messageId ?? 0));
  }

  /** The row is marked first: from then on the picture is nobody's, and a file that is left is swept. @throws AppError `image.not_found` */
  async delete(userId: number, imageId: number): Promise<void> {
    const row = await this.images.findImage(imageId, userId);
    const isMine = row !== null && (await this.gallery.markDeleted(imageId, userId, this.clock.now()));
    if (!isMine) throw new AppError('image.not_found', { imageId });
    if (await this.files.remove(row.fileName)) await this.gallery.forget(imageId);
  }
}

function readCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  const issues = [{ path: 'cursor', message: 'must be the next_cursor of a page' }];
  throw new AppError('request.invalid', {}, { issues });
}

function entryOf(row: ImageRow, request: ImageRequestRow | undefined): GalleryEntry {
  return {
    id: row.id,
    origin: row.origin,
    message_id: row.messageId,
    chat_id: request?.hasChat === true ? request.chatId : null,
    prompt: request === undefined ? row.description : (request.prompt ?? request.description),
    width: row.width,
    height: row.height,
    size_bytes: row.sizeBytes,
    favourite: row.isFavourite,
    simulated: row.isSimulated,
    url: `/api/images/${row.id}/file`,
    thumbnail_url: `/api/images/${row.id}/thumbnail`,
    created_at: new Date(row.createdAt).toISOString(),
  };
}
