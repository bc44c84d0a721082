import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  generateImage,
  generateImageBody,
  getImages,
  imageFilePaths,
  imageList,
  sentMessage,
  type GenerateImageBody,
  type SentMessage,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS, type RouteAnswer } from '../docs/api-route.ts';
import { idParams, messageParams, type IdParams, type MessageParams } from '../params.ts';
import { IMAGE_SERVICE } from '../services.ts';
import { ImageFilesClient } from './image-files.client.ts';

const NOT_MODIFIED: RouteAnswer = { status: 304, description: 'You have it already (`If-None-Match`)' };
const PART: RouteAnswer = {
  status: 206,
  description: 'The part that `Range` asked for',
  media: { 'image/png': null },
};
const BAD_RANGE: RouteAnswer = { status: 416, description: 'There is no such part' };

@ApiTags('Images')
@Controller('api')
export class ImagesController {
  private readonly images: CallClient;
  private readonly files: ImageFilesClient;

  constructor(@Inject(IMAGE_SERVICE) images: CallClient, @Inject(ImageFilesClient) files: ImageFilesClient) {
    this.images = images;
    this.files = files;
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
    errors: [...BODY_ERRORS, 'chat.not_found', 'chat.busy', ...CALL_ERRORS],
  })
  generate(
    @Caller() caller: CurrentUser,
    @Body({ schema: generateImageBody }) body: GenerateImageBody,
  ): Promise<SentMessage> {
    return this.images.call(generateImage, { userId: caller.id, body });
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

  @Get('images/:id/file')
  @ApiRoute({
    id: 'images_file',
    summary: 'The image, as PNG',
    access: 'user',
    answers: [
      { status: 200, description: 'The PNG; it never changes', media: { 'image/png': null } },
      PART,
      NOT_MODIFIED,
      BAD_RANGE,
    ],
    errors: ['request.invalid', 'image.not_found', 'call.unreachable'],
  })
  file(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.files.send(imageFilePaths.file(id), caller.id, request, reply);
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
    return this.files.send(imageFilePaths.thumbnail(id), caller.id, request, reply);
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
    return this.files.send(imageFilePaths.preview(params.message_id), caller.id, request, reply);
  }
}
