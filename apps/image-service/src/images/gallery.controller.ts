import { changeImage, deleteImage, listGallery, type GalleryEntry } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { GalleryService } from './gallery.service.ts';

@Controller()
export class GalleryController {
  private readonly gallery: GalleryService;

  constructor(gallery: GalleryService) {
    this.gallery = gallery;
  }

  @HandleCall(listGallery)
  list(question: z.output<typeof listGallery.request>): Promise<z.output<typeof listGallery.reply>> {
    return this.gallery.list(question);
  }

  @HandleCall(changeImage)
  change({ userId, imageId, body }: z.output<typeof changeImage.request>): Promise<GalleryEntry> {
    return this.gallery.change(userId, imageId, body.favourite);
  }

  @HandleCall(deleteImage)
  async delete({ userId, imageId }: z.output<typeof deleteImage.request>): Promise<{ deleted: true }> {
    await this.gallery.delete(userId, imageId);
    return { deleted: true };
  }
}
