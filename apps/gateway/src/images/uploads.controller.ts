import { Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { uploadedImage, type UploadedImage } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import type { FastifyRequest } from 'fastify';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
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
      required: ['file'],
      properties: { file: { type: 'string', format: 'binary', description: 'PNG, JPEG, WebP, GIF or AVIF' } },
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
    if (!request.isMultipart()) throw new AppError('request.unsupported_media_type');
    const part = await request.file({ limits: { fileSize: this.maxBytes } });
    if (part === undefined) throw noFile('is missing: send one file');
    const { file, fieldname } = part;
    if (fieldname !== 'file') {
      drain(request);
      throw noFile('must be the name of the file’s field');
    }
    const { maxBytes } = this;
    file.once('limit', () => file.destroy(tooLarge(maxBytes)));
    try {
      return await this.files.upload(caller.id, file);
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

function noFile(message: string): AppError {
  return new AppError('request.invalid', {}, { issues: [{ path: 'file', message }] });
}

function tooLarge(maxBytes: number): AppError {
  const message = `must not be larger than ${Math.floor(maxBytes / 1_048_576)} MiB`;
  return new AppError('request.too_large', { maxBytes }, { issues: [{ path: 'file', message }] });
}
