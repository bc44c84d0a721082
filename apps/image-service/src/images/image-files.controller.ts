import { createHash } from 'node:crypto';
import { AppError } from '@baton/kernel';
import { Controller, Get, Headers, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { PictureFiles, thumbnailOf } from '../files/picture-files.service.ts';
import { withText } from '../files/png-text.ts';
import type { PictureStorage } from '../files/picture-storage.ts';
import { ownerOf, type InternalHeaders } from '../internal-access.ts';
import { PreviewShelf } from '../rendering/preview-shelf.ts';
import { PICTURE_STORAGE } from '../tokens.ts';
import { parseRange, type ByteRange } from './byte-range.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import type { ImageRow } from './image.entity.ts';
import { ImagesRepository, imageView } from './images.repository.ts';

const id = z
  .string()
  .regex(/^[1-9]\d{0,9}$/)
  .transform(Number);
const kindOfFile = z.enum(['file', 'thumbnail']);
/** A finished picture never changes. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** Picture bytes for the gateway and for chat-service, which name the owner: everybody else’s are 404. */
@Controller('internal')
export class ImageFilesController {
  private readonly images: ImagesRepository;
  private readonly files: PictureFiles;
  private readonly storage: PictureStorage;
  private readonly previews: PreviewShelf;

  constructor(
    images: ImagesRepository,
    files: PictureFiles,
    @Inject(PICTURE_STORAGE) storage: PictureStorage,
    previews: PreviewShelf,
  ) {
    this.images = images;
    this.files = files;
    this.storage = storage;
    this.previews = previews;
  }

  @Get('images/:id/model')
  async forModel(
    @Param('id') imageId: string,
    @Headers() headers: InternalHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.imageOf(imageId, headers);
    const picture = await this.files.forModel(row.fileName);
    await reply.header('cache-control', 'no-store').type('image/jpeg').send(picture);
  }

  /** Uploads and what is no PNG come as they are: there is nothing to write, or nowhere. */
  @Get('images/:id/annotated')
  async annotated(
    @Param('id') imageId: string,
    @Headers() headers: InternalHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.imageOf(imageId, headers);
    const request = row.messageId === null ? null : await this.images.findOwned(row.messageId, row.userId);
    if (request === null || row.mediaType !== 'image/png') {
      await this.picture(imageId, 'file', headers, reply);
      return;
    }
    const words = wordsOf(request, row);
    const etag = `"${tagOf(row)}-${createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 16)}"`;
    const about = { etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' };
    if (names(headers['if-none-match'], etag)) {
      await reply.headers(about).status(304).send();
      return;
    }
    const bytes = withText(await this.storage.read(row.fileName), words);
    const part = partOf(headers, etag, bytes.length);
    startPart(reply.headers(about), part, { size: bytes.length, type: row.mediaType });
    await reply.send(part === null ? bytes : part === 'unsatisfiable' ? undefined : sliceOf(bytes, part));
  }

  @Get('images/:id/:kind')
  async picture(
    @Param('id') imageId: string,
    @Param('kind') given: string,
    @Headers() headers: InternalHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const kind = read(kindOfFile, given);
    const row = await this.imageOf(imageId, headers);
    const etag = `"${tagOf(row)}${kind === 'file' ? '' : '-t'}"`;
    const name = kind === 'file' ? row.fileName : thumbnailOf(row.fileName);
    const size = await this.storage.size(name);
    if (size === null) throw new AppError('image.not_found', { imageId, reason: 'the file is gone' });
    const about = { etag, 'cache-control': FOR_EVER, 'accept-ranges': 'bytes' };
    if (names(headers['if-none-match'], etag)) {
      await reply.headers(about).status(304).send();
      return;
    }
    const part = partOf(headers, etag, size);
    const bytes = part === 'unsatisfiable' ? undefined : await this.storage.open(name, part ?? undefined);
    startPart(reply.headers(about), part, { size, type: kind === 'file' ? row.mediaType : 'image/webp' });
    await reply.send(bytes);
  }

  @Get('messages/:id/preview')
  async preview(
    @Param('id') messageId: string,
    @Headers() headers: InternalHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const userId = ownerOf(headers);
    const preview = this.previews.get(read(id, messageId), userId);
    if (preview === undefined) throw new AppError('image.not_found', { messageId });
    await reply.header('cache-control', 'no-store').type(preview.contentType).send(preview.picture);
  }

  private async imageOf(imageId: string, headers: InternalHeaders): Promise<ImageRow> {
    const row = await this.images.findImage(read(id, imageId), ownerOf(headers));
    if (row === null) throw new AppError('image.not_found', { imageId });
    return row;
  }
}

/** The part that is asked for; null is the whole file, also for who holds a part of another one (`If-Range`). */
function partOf(headers: InternalHeaders, etag: string, size: number): AskedPart {
  const held = headers['if-range'];
  return held === undefined || held === etag ? parseRange(headers['range'], size) : null;
}

/**
 * Says in the answer's head which part of so many bytes is sent. Called when the bytes are there: a failure must not carry
 * a picture's tag and length, nor the leave to keep it for ever.
 */
function startPart(
  reply: FastifyReply,
  part: AskedPart,
  { size, type }: { readonly size: number; readonly type: string },
): void {
  if (part === 'unsatisfiable') void reply.status(416).header('content-range', `bytes */${size}`);
  else if (part === null) void reply.type(type).header('content-length', size);
  else {
    void reply
      .status(206)
      .type(type)
      .header('content-range', `bytes ${part.start}-${part.end}/${size}`)
      .header('content-length', part.end - part.start + 1);
  }
}

function sliceOf(bytes: Buffer, { start, end }: ByteRange): Buffer {
  return bytes.subarray(start, end + 1);
}

function tagOf({ sha256 }: ImageRow): string {
  return sha256.slice(0, 32);
}

/** What a picture is told to whoever gets the file: how it was made, and nothing of who made it. */
function wordsOf(request: ImageRequestRow, row: ImageRow): Record<string, string> {
  const { prompt, seed, settings, model, width, height, workflow } = imageView(request, row);
  const about = { prompt, seed, settings, model, width, height, workflow_hash: workflow?.hash ?? null };
  return { Software: 'Baton', Description: prompt, Comment: JSON.stringify(about) };
}

type AskedPart = ReturnType<typeof parseRange>;

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
