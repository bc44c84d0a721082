import { checkImages, imageFilePaths, type Attachment, type UploadedImage } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { HandleCall } from '@baton/platform';
import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import type { z } from 'zod';
import { ownerOf, type InternalHeaders } from '../internal-access.ts';
import { UploadsService } from './uploads.service.ts';

/** Pictures that come from outside, by way of the gateway. */
@Controller()
export class UploadsController {
  private readonly uploads: UploadsService;

  constructor(uploads: UploadsService) {
    this.uploads = uploads;
  }

  @Post(imageFilePaths.upload)
  @HttpCode(201)
  takeIn(@Body() bytes: unknown, @Headers() headers: InternalHeaders): Promise<UploadedImage> {
    const userId = ownerOf(headers);
    if (!Buffer.isBuffer(bytes)) throw new AppError('request.unsupported_media_type');
    return this.uploads.takeIn(userId, bytes);
  }

  @HandleCall(checkImages)
  async check({ userId, imageIds }: z.output<typeof checkImages.request>): Promise<{ images: Attachment[] }> {
    return { images: await this.uploads.check(userId, imageIds) };
  }
}
