import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { timingSafeEqual } from 'node:crypto';
import { INTERNAL_HEADERS } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { INTERNAL_SECRET } from '@baton/platform';
import { Controller, Get, Headers, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { PreviewShelf } from '../rendering/preview-shelf.ts';
import { ImageFilesStore } from './image-files.store.ts';
import { ImagesRepository } from './images.repository.ts';

const id = z.coerce.number().int().positive();
/** A finished picture never changes. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** Picture bytes for the gateway, which quotes the internal secret and the owner: everything else is 404. */
@Controller('internal')
export class ImageFilesController {
  private readonly secret: Buffer;

  constructor(
    private readonly images: ImagesRepository,
    private readonly files: ImageFilesStore,
    private readonly previews: PreviewShelf,
    @Inject(INTERNAL_SECRET) secret: string,
  ) {
    this.secret = Buffer.from(secret);
  }

  @Get('images/:id/:kind')
  async picture(
    @Param('id') imageId: string,
    @Param('kind') kind: string,
    @Headers() headers: Record<string, string | undefined>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const userId = this.ownerOf(headers);
    if (kind !== 'file' && kind !== 'thumbnail') throw new AppError('image.not_found', { kind });
    const row = await this.images.findImage(parseId(imageId), userId);
    if (row === null) throw new AppError('image.not_found', { imageId });
    const etag = `"${row.sha256.slice(0, 32)}${kind === 'file' ? '' : '-t'}"`;
    void reply.header('etag', etag).header('cache-control', FOR_EVER);
    if (headers['if-none-match'] === etag) {
      await reply.status(304).send();
      return;
    }
    await sendFile(
      reply,
      this.files.path(row.fileName, kind),
      kind === 'file' ? 'image/png' : 'image/webp',
      headers['range'],
    );
  }

  @Get('messages/:id/preview')
  async preview(
    @Param('id') messageId: string,
    @Headers() headers: Record<string, string | undefined>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const preview = this.previews.get(parseId(messageId), this.ownerOf(headers));
    if (preview === undefined) throw new AppError('image.not_found', { messageId });
    await reply.header('cache-control', 'no-store').type(preview.contentType).send(preview.picture);
  }

  private ownerOf(headers: Record<string, string | undefined>): number {
    const given = Buffer.from(headers[INTERNAL_HEADERS.secret] ?? '');
    const isTrusted = given.length === this.secret.length && timingSafeEqual(given, this.secret);
    const userId = id.safeParse(headers[INTERNAL_HEADERS.userId]);
    if (!isTrusted || !userId.success) throw new AppError('request.not_found', {});
    return userId.data;
  }
}

function parseId(text: string): number {
  const parsed = id.safeParse(text);
  if (!parsed.success) throw new AppError('image.not_found', {});
  return parsed.data;
}

async function sendFile(
  reply: FastifyReply,
  path: string,
  type: string,
  range: string | undefined,
): Promise<void> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new AppError('image.not_found', { reason: 'the file is gone' }, { cause: error });
  });
  void reply.type(type).header('accept-ranges', 'bytes');
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

/** One range of bytes; null means the whole file, as for everything that is not one plain range. */
function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
