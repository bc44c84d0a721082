import type { UploadedImage } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { PictureFiles } from '../files/picture-files.service.ts';
import type { ImageRow } from './image.entity.ts';
import { GalleryService } from './gallery.service.ts';
import { ImagesRepository } from './images.repository.ts';
import { QuotaService } from './quota.service.ts';

/** Pictures that people bring along: for a model to look at, or as the beginning of another picture. */
@Injectable()
export class UploadsService {
  private readonly files: PictureFiles;
  private readonly images: ImagesRepository;
  private readonly gallery: GalleryService;
  private readonly quota: QuotaService;
  private readonly clock: Clock;

  constructor(
    files: PictureFiles,
    images: ImagesRepository,
    gallery: GalleryService,
    quota: QuotaService,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.files = files;
    this.images = images;
    this.gallery = gallery;
    this.quota = quota;
    this.clock = clock;
  }

  /** @throws AppError `image.not_an_image`, `image.too_many_pixels`, `image.quota_reached`, `store.unavailable` */
  async takeIn(userId: number, bytes: Buffer): Promise<UploadedImage> {
    await this.quota.mustHaveRoom(userId);
    const row = await this.store(userId, bytes);
    try {
      await this.quota.mustStillFit(userId, row.sizeBytes);
    } catch (error) {
      await this.gallery.delete(userId, row.id);
      throw error;
    }
    return uploadView(row);
  }

  /** @throws AppError `image.not_found` for the first that is not this user's */
  async check(userId: number, imageIds: readonly number[]) {
    const rows = await this.images.findImages(imageIds, userId);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return imageIds.map((imageId, index) => {
      const row = byId.get(imageId);
      if (row === undefined) throw noPicture(imageId, index);
      return { image_id: row.id, width: row.width, height: row.height };
    });
  }

  private async store(userId: number, bytes: Buffer): Promise<UploadRow> {
    const picture = await this.files.storeUploaded(bytes);
    try {
      const row = { ...picture, userId, createdAt: this.clock.now() };
      const id = await this.images.addUpload(row);
      await this.files.settled(picture.fileName);
      return { ...row, id };
    } catch (error) {
      await this.files.remove(picture.fileName);
      throw error;
    }
  }
}

function noPicture(imageId: number, index: number): AppError {
  const issues = [{ path: `image_ids.${index}`, message: 'is no picture of yours' }];
  return new AppError('image.not_found', { imageId }, { issues });
}

type UploadRow = Pick<ImageRow, 'id' | 'width' | 'height' | 'mediaType' | 'sizeBytes' | 'createdAt'>;

function uploadView(row: UploadRow): UploadedImage {
  return {
    id: row.id,
    width: row.width,
    height: row.height,
    media_type: row.mediaType,
    size_bytes: row.sizeBytes,
    url: `/api/images/${row.id}/file`,
    thumbnail_url: `/api/images/${row.id}/thumbnail`,
    created_at: new Date(row.createdAt).toISOString(),
  };
}
