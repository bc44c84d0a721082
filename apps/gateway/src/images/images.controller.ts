import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  changeImage,
  changeImageBody,
  checkImages,
  deleteImage,
  gallery,
  galleryEntry,
  galleryQuery,
  generateImage,
  generateImageBody,
  getImages,
  imageFilePaths,
  imageFileQuery,
  imageLink,
  imageLinkBody,
  imageList,
  listGallery,
  sentMessage,
  upscaleImage,
  varyBody,
  varyImage,
  type GalleryEntry,
  type GenerateImageBody,
  type SentMessage,
  type VaryBody,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS, type RouteAnswer } from '../docs/api-route.ts';
import { idParams, messageParams, type IdParams, type MessageParams } from '../params.ts';
import { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { IMAGE_SERVICE } from '../services.ts';
import { EventStreams } from '../sse/event-streams.service.ts';
import { ImageFilesClient } from './image-files.client.ts';
import { ImageLinks } from './image-links.service.ts';

const NOT_MODIFIED: RouteAnswer = { status: 304, description: 'You have it already (`If-None-Match`)' };
const PART: RouteAnswer = {
  status: 206,
  description: 'The part that `Range` asked for',
  media: { 'image/png': null },
};
const BAD_RANGE: RouteAnswer = { status: 416, description: 'There is no such part' };

/** What asking for an image can fail with. */
const REQUEST_ERRORS = [
  'chat.not_found',
  'image.not_found',
  'image.workflow_invalid',
  'image.quota_reached',
  'store.unavailable',
  ...CALL_ERRORS,
] as const;

@ApiTags('Images')
@Controller('api')
export class ImagesController {
  private readonly images: CallClient;
  private readonly files: ImageFilesClient;
  private readonly links: ImageLinks;
  private readonly streams: EventStreams;
  private readonly replies: ReplyStreamService;

  constructor(
    @Inject(IMAGE_SERVICE) images: CallClient,
    @Inject(ImageFilesClient) files: ImageFilesClient,
    @Inject(ImageLinks) links: ImageLinks,
    @Inject(EventStreams) streams: EventStreams,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
  ) {
    this.images = images;
    this.files = files;
    this.links = links;
    this.streams = streams;
    this.replies = replies;
  }

  @Post('image/generate')
  @ApiRoute({
    id: 'images_generate',
    summary: 'Ask for an image',
    description:
      'The language model turns the description into a prompt, then ComfyUI renders it. Answers as soon as the ' +
      'request is stored; follow `GET /api/replies/{reply.id}/events` for the queue, the progress and the image.',
    access: 'user',
    answers: [
      { status: 201, description: 'Your message, and the one that will hold the image', schema: sentMessage },
    ],
    errors: [...BODY_ERRORS, ...REQUEST_ERRORS],
  })
  generate(
    @Caller() caller: CurrentUser,
    @Body({ schema: generateImageBody }) body: GenerateImageBody,
  ): Promise<SentMessage> {
    return this.images.call(generateImage, { userId: caller.id, body });
  }

  @Post('image/generate/stream')
  @ApiRoute({
    id: 'images_generate_stream',
    summary: 'Ask for an image, and follow it',
    description:
      'As `POST /api/image/generate`, answered by the events themselves, opened by an event `sent` with the JSON of the ' +
      '201. Leaving the stream does not stop the image.',
    access: 'user',
    answers: [
      {
        status: 201,
        description: 'Everything that happens to the image',
        media: { 'text/event-stream': 'SentReplyEvent' },
      },
    ],
    errors: [...BODY_ERRORS, ...REQUEST_ERRORS],
  })
  async generateAndFollow(
    @Caller() caller: CurrentUser,
    @Body({ schema: generateImageBody }) body: GenerateImageBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.streams.serve(caller.id, reply, async (stream) => {
      const sent = await this.images.call(generateImage, { userId: caller.id, body });
      stream.write({ event: 'sent', json: JSON.stringify(sent) });
      await this.replies.send(stream, { userId: caller.id, message: sent.reply, after: 0 });
    });
  }

  @Get('image/:message_id')
  @ApiRoute({
    id: 'images_list',
    summary: 'The images of a message, with prompt, seed and settings',
    access: 'user',
    answers: [{ status: 200, description: 'Empty while none is finished', schema: imageList }],
    errors: ['request.invalid', 'image.not_found', 'reply.not_found', ...CALL_ERRORS],
  })
  list(
    @Caller() caller: CurrentUser,
    @Param({ schema: messageParams }) params: MessageParams,
  ): Promise<z.output<typeof imageList>> {
    return this.images.call(getImages, { userId: caller.id, messageId: params.message_id });
  }

  @Get('images')
  @ApiRoute({
    id: 'images_gallery',
    summary: 'All your pictures, newest first',
    description:
      'With `q`, those whose prompt or description holds that text. `storage` tells how much of your space is used.',
    access: 'user',
    answers: [{ status: 200, description: 'A page of pictures', schema: gallery }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  gallery(
    @Caller() caller: CurrentUser,
    @Query({ schema: galleryQuery }) { favourite, ...query }: z.output<typeof galleryQuery>,
  ): Promise<z.output<typeof gallery>> {
    const wanted = favourite === undefined ? {} : { isFavourite: true };
    return this.images.call(listGallery, { userId: caller.id, ...query, ...wanted });
  }

  @Put('images/:id')
  @ApiRoute({
    id: 'images_change',
    summary: 'Mark a picture as a favourite, or not',
    access: 'user',
    answers: [{ status: 200, description: 'The picture as it is now', schema: galleryEntry }],
    errors: [...BODY_ERRORS, 'image.not_found', ...CALL_ERRORS],
  })
  change(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: changeImageBody }) body: z.output<typeof changeImageBody>,
  ): Promise<GalleryEntry> {
    return this.images.call(changeImage, { userId: caller.id, imageId: id, body });
  }

  @Delete('images/:id')
  @ApiRoute({
    id: 'images_delete',
    summary: 'Delete a picture',
    description: 'Its file goes at once; the message that showed it keeps its words.',
    access: 'user',
    answers: [{ status: 204, description: 'It is gone' }],
    errors: ['request.invalid', 'image.not_found', ...CALL_ERRORS],
  })
  async delete(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<void> {
    await this.images.call(deleteImage, { userId: caller.id, imageId: id });
  }

  @Post('images/:id/vary')
  @ApiRoute({
    id: 'images_vary',
    summary: 'The same prompt and settings, with another seed',
    access: 'user',
    answers: [
      {
        status: 201,
        description: 'Two new messages in the chat of the picture, or in a new one where it has none',
        schema: sentMessage,
      },
    ],
    errors: [...BODY_ERRORS, ...REQUEST_ERRORS],
  })
  vary(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: varyBody }) body: VaryBody,
  ): Promise<SentMessage> {
    return this.images.call(varyImage, { userId: caller.id, imageId: id, body });
  }

  @Post('images/:id/upscale')
  @ApiRoute({
    id: 'images_upscale',
    summary: 'A larger copy of a picture',
    description: 'By the workflow that is configured for it.',
    access: 'user',
    answers: [
      {
        status: 201,
        description: 'Two new messages in the chat of the picture, or in a new one where it has none',
        schema: sentMessage,
      },
    ],
    errors: ['request.invalid', 'image.no_upscaler', ...REQUEST_ERRORS],
  })
  upscale(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
  ): Promise<SentMessage> {
    return this.images.call(upscaleImage, { userId: caller.id, imageId: id });
  }

  @Post('images/:id/link')
  @ApiRoute({
    id: 'images_link',
    summary: 'A short-lived address of a picture',
    description:
      'It opens the picture without a token until it expires, for whoever has it, also in other pages.',
    access: 'user',
    answers: [{ status: 201, description: 'The address', schema: imageLink }],
    errors: [...BODY_ERRORS, 'image.not_found', ...CALL_ERRORS],
  })
  async link(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: imageLinkBody }) body: z.output<typeof imageLinkBody>,
  ): Promise<z.output<typeof imageLink>> {
    await this.images.call(checkImages, { userId: caller.id, imageIds: [id] });
    return this.links.sign({ userId: caller.id, imageId: id, kind: body.kind }, body.seconds);
  }

  @Get('images/link/:token')
  @ApiRoute({
    id: 'images_open_link',
    summary: 'The picture behind a short-lived address',
    access: 'public',
    answers: [
      {
        status: 200,
        description: 'The picture',
        media: { 'image/png': null, 'image/jpeg': null, 'image/webp': null },
      },
      PART,
      NOT_MODIFIED,
      BAD_RANGE,
    ],
    errors: ['image.link_expired', 'image.not_found', 'call.unreachable'],
  })
  async openLink(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { userId, imageId, kind } = await this.links.read(token);
    const path = imageFilePaths[kind](imageId);
    await this.files.send({ path, userId, name: nameOf(imageId), isForOthers: true }, request, reply);
  }

  @Get('images/:id/file')
  @ApiRoute({
    id: 'images_file',
    summary: 'The image',
    access: 'user',
    answers: [
      {
        status: 200,
        description: 'The file; it never changes, so ask again with `If-None-Match`',
        media: { 'image/png': null, 'image/jpeg': null },
      },
      PART,
      NOT_MODIFIED,
      BAD_RANGE,
    ],
    errors: ['request.invalid', 'image.not_found', 'call.unreachable'],
  })
  file(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: imageFileQuery }) { metadata }: z.output<typeof imageFileQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = imageFilePaths[metadata === 'true' ? 'annotated' : 'file'](id);
    return this.files.send({ path, userId: caller.id, name: nameOf(id) }, request, reply);
  }

  @Get('images/:id/thumbnail')
  @ApiRoute({
    id: 'images_thumbnail',
    summary: 'A small picture of the image',
    access: 'user',
    answers: [
      {
        status: 200,
        description: 'The thumbnail',
        media: { 'image/webp': null, 'image/jpeg': null, 'image/png': null },
      },
      NOT_MODIFIED,
    ],
    errors: ['request.invalid', 'image.not_found', 'call.unreachable'],
  })
  thumbnail(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = imageFilePaths.thumbnail(id);
    return this.files.send({ path, userId: caller.id, name: `${nameOf(id)}-small` }, request, reply);
  }

  @Get('images/preview/:message_id')
  @ApiRoute({
    id: 'images_preview',
    summary: 'How the image looks so far, while it is rendered',
    description:
      'Fetch it again when the reply’s events say `preview`. There is none before the first and after the end.',
    access: 'user',
    answers: [
      { status: 200, description: 'The latest preview', media: { 'image/jpeg': null, 'image/png': null } },
    ],
    errors: ['request.invalid', 'image.not_found', 'call.unreachable'],
  })
  preview(
    @Caller() caller: CurrentUser,
    @Param({ schema: messageParams }) params: MessageParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = imageFilePaths.preview(params.message_id);
    return this.files.send({ path, userId: caller.id, name: 'preview' }, request, reply);
  }
}

/** As the page names it too. */
function nameOf(imageId: number): string {
  return `baton-${imageId}`;
}
