import { timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { INTERNAL_HEADERS } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { INTERNAL_SECRET } from '@baton/platform';
import { Controller, Get, Headers, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { PreviewShelf } from '../rendering/preview-shelf.ts';
import { parseRange } from './byte-range.ts';
import { ImageFilesStore } from './image-files.store.ts';
import { ImagesRepository } from './images.repository.ts';

const id = z
  .string()
  .regex(/^[1-9]\d{0,9}$/)
  .transform(Number);
const kindOfFile = z.enum(['file', 'thumbnail']);
const TYPES = { file: 'image/png', thumbnail: 'image/webp' } as const;
/** A finished picture never changes. */
const FOR_EVER = 'private, max-age=31536000, immutable';

type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** Picture bytes for the gateway, which quotes the internal secret and the owner: everything else is 404. */
@Controller('internal')
export class ImageFilesController {
  private readonly images: ImagesRepository;
  private readonly files: ImageFilesStore;
  private readonly previews: PreviewShelf;
  private readonly secret: Buffer;

  constructor(
    images: ImagesRepository,
    files: ImageFilesStore,
    previews: PreviewShelf,
    @Inject(INTERNAL_SECRET) secret: string,
  ) {
    this.images = images;
    this.files = files;
    this.previews = previews;
    this.secret = Buffer.from(secret);
  }

  @Get('images/:id/:kind')
  async picture(
    @Param('id') imageId: string,
    @Param('kind') given: string,
    @Headers() headers: RequestHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const userId = this.ownerOf(headers);
    const kind = read(kindOfFile, given);
    const row = await this.images.findImage(read(id, imageId), userId);
    if (row === null) throw new AppError('image.not_found', { imageId });
    const etag = `"${row.sha256.slice(0, 32)}${kind === 'file' ? '' : '-t'}"`;
    const path = this.files.path(row.fileName, kind);
    const { size } = await stat(path).catch((error: unknown) => {
      throw new AppError('image.not_found', { imageId, reason: 'the file is gone' }, { cause: error });
    });
    void reply.headers({ etag, 'cache-control': FOR_EVER, 'accept-ranges': 'bytes' });
    if (names(headers['if-none-match'], etag)) {
      await reply.status(304).send();
      return;
    }
    await sendFile(reply.type(TYPES[kind]), { path, size, range: headers['range'] });
  }

  @Get('messages/:id/preview')
  async preview(
    @Param('id') messageId: string,
    @Headers() headers: RequestHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const userId = this.ownerOf(headers);
    const preview = this.previews.get(read(id, messageId), userId);
    if (preview === undefined) throw new AppError('image.not_found', { messageId });
    await reply.header('cache-control', 'no-store').type(preview.contentType).send(preview.picture);
  }

  private ownerOf(headers: RequestHeaders): number {
    const given = Buffer.from(headers[INTERNAL_HEADERS.secret] ?? '');
    const isTrusted = given.length === this.secret.length && timingSafeEqual(given, this.secret);
    const userId = id.safeParse(headers[INTERNAL_HEADERS.userId]);
    if (!isTrusted || !userId.success) throw new AppError('request.not_found');
    return userId.data;
  }
}

function read<S extends z.ZodType>(shape: S, text: string): z.output<S> {
  const parsed = shape.safeParse(text);
  if (!parsed.success) throw new AppError('image.not_found');
  return parsed.data;
}

/** Whether an `If-None-Match` names the tag, be it in a list or as a weak one. */
function names(header: string | undefined, etag: string): boolean {
  return (header ?? '')
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

interface FilePart {
  readonly path: string;
  readonly size: number;
  readonly range: string | undefined;
}

async function sendFile(reply: FastifyReply, { path, size, range }: FilePart): Promise<void> {
  const part = parseRange(range, size);
  if (part === 'unsatisfiable') {
    await reply.status(416).header('content-range', `bytes */${size}`).send();
    return;
  }
  if (part === null) {
    await reply.header('content-length', size).send(createReadStream(path));
    return;
  }
  await reply
    .status(206)
    .header('content-range', `bytes ${part.start}-${part.end}/${size}`)
    .header('content-length', part.end - part.start + 1)
    .send(createReadStream(path, part));
}
