import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { uploadedImage, type UploadedImage } from '@baton/contracts';
import type { FastifyRequest } from 'fastify';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { FILE_FIELD, fileOf } from './form-file.ts';
import { ImageFilesClient } from './image-files.client.ts';

/** The only route that takes a form. */
export const UPLOAD_PATH = '/api/image/upload';
/** How large the file of an upload may be. */
export const UPLOAD_BYTES = Symbol('UPLOAD_BYTES');

@ApiTags('Images')
@Controller()
export class UploadsController {
  private readonly files: ImageFilesClient;
  private readonly maxBytes: number;

  constructor(@Inject(ImageFilesClient) files: ImageFilesClient, @Inject(UPLOAD_BYTES) maxBytes: number) {
    this.files = files;
    this.maxBytes = maxBytes;
  }

  @Post(UPLOAD_PATH)
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      required: [FILE_FIELD],
      properties: {
        [FILE_FIELD]: { type: 'string', format: 'binary', description: 'PNG, JPEG, WebP, GIF or AVIF' },
      },
    },
  })
  @ApiRoute({
    id: 'images_upload',
    summary: 'Bring a picture along',
    description:
      'Judged by its content, turned upright and stored without what cameras write beside it. Its id serves as ' +
      '`image_ids` of a message and as `reference_image_id` of an image.',
    access: 'user',
    answers: [{ status: 201, description: 'The stored picture', schema: uploadedImage }],
    errors: [
      'request.invalid',
      'request.too_large',
      'request.unsupported_media_type',
      'image.not_an_image',
      'image.too_many_pixels',
      'image.quota_reached',
      'store.unavailable',
      ...CALL_ERRORS,
    ],
  })
  async upload(@Caller() caller: CurrentUser, @Req() request: FastifyRequest): Promise<UploadedImage> {
    try {
      return await this.files.upload(caller.id, await fileOf(request, this.maxBytes));
    } finally {
      drain(request);
    }
  }
}

/** What is left of the body would stand in the way of the connection's next request. */
function drain({ raw }: FastifyRequest): void {
  raw.unpipe();
  raw.resume();
}
