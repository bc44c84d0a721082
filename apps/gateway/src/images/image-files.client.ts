import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  INTERNAL_HEADERS,
  imageFilePaths,
  problem,
  uploadedImage,
  type UploadedImage,
} from '@baton/contracts';
import { AppError, isErrorCode } from '@baton/kernel';
import { INTERNAL_SECRET, correlationId } from '@baton/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import pLimit, { type LimitFunction } from 'p-limit';
import { Agent, type Dispatcher } from 'undici';

export const IMAGE_SERVICE_URL = Symbol('IMAGE_SERVICE_URL');
export const PICTURE_TRANSFERS = Symbol('PICTURE_TRANSFERS');

export interface PictureTransfers {
  /** At the same time, for all users together. */
  readonly most: number;
  /** A reader that takes nothing for so long has left, or holds a place that others wait for. */
  readonly stalledMs: number;
}

/** One person can take them all only by not reading, and then not for long. */
export const DEFAULT_PICTURE_TRANSFERS: PictureTransfers = { most: 1_024, stalledMs: 30_000 };

export interface SentPicture {
  /** Where image-service has it. */
  readonly path: string;
  /** Whose it is. */
  readonly userId: number;
  /** What it is called when somebody saves it, without the ending. */
  readonly name: string;
  /** Pages of others may show it: whoever made the address wanted that. */
  readonly isForOthers?: boolean;
}

const FORWARDED_REQUEST_HEADERS = ['range', 'if-range', 'if-none-match', 'if-modified-since'] as const;
const FORWARDED_ANSWER_HEADERS = [
  'content-type',
  'content-length',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
] as const;
const PASSED_ON = new Set([200, 206, 304, 416]);
const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 30_000;
/** A large AVIF takes some ten seconds to decode, and others may be before it. */
const UPLOAD_TIMEOUT_MS = 180_000;
/** image-service has an upload in memory until it is stored. */
const MAX_UPLOADS = 16;
/** Of one person; the others of theirs wait unread, so that nobody keeps everybody else's waiting. */
const MAX_OWN_UPLOADS = 3;

/** Fetches picture bytes from image-service and passes them on as they come, without keeping them. */
@Injectable()
export class ImageFilesClient implements OnApplicationShutdown {
  private readonly origin: string;
  private readonly secret: string;
  private readonly transfers: PictureTransfers;
  private readonly agent: Agent;
  /** Apart from the files: uploads that wait for their decoder must not hold up pictures that are looked at. */
  private readonly uploads = new Agent({
    connectTimeout: 2_000,
    headersTimeout: UPLOAD_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connections: MAX_UPLOADS,
  });
  private readonly turns = new Map<number, LimitFunction>();

  constructor(
    @Inject(IMAGE_SERVICE_URL) origin: string,
    @Inject(INTERNAL_SECRET) secret: string,
    @Inject(PICTURE_TRANSFERS) transfers: PictureTransfers,
  ) {
    this.origin = origin;
    this.secret = secret;
    this.transfers = transfers;
    this.agent = new Agent({
      connectTimeout: 2_000,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      connections: transfers.most,
    });
  }

  /**
   * Answers `request` with a picture, ranges and conditional requests included.
   *
   * @throws AppError `image.not_found` (also for other people's pictures), `store.unavailable`, `call.unreachable`
   */
  async send(picture: SentPicture, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { path, userId, name, isForOthers = false } = picture;
    const upstream = await this.fetch(path, userId, request.headers);
    if (!PASSED_ON.has(upstream.statusCode)) throw await failureOf(path, upstream);
    for (const name of FORWARDED_ANSWER_HEADERS) {
      const value = upstream.headers[name];
      if (value !== undefined) void reply.header(name, value);
    }
    void reply.header('cache-control', cachingOf(upstream.headers['cache-control']));
    void reply.header('content-disposition', dispositionOf(name, upstream.headers['content-type']));
    if (isForOthers) void reply.header('cross-origin-resource-policy', 'cross-origin');
    void reply.status(upstream.statusCode);
    if (upstream.statusCode === 304) {
      await upstream.body.dump();
      await reply.send();
      return;
    }
    // Of the connection: what is written and not taken counts as nothing happening.
    reply.raw.setTimeout(this.transfers.stalledMs, () => reply.raw.destroy());
    await reply.send(upstream.body);
  }

  /** The bytes at `path`, whole: for who puts them into an answer of its own. @throws as `send` */
  async read(path: string, userId: number): Promise<Buffer> {
    const upstream = await this.fetch(path, userId, {});
    if (upstream.statusCode !== 200) throw await failureOf(path, upstream);
    try {
      return Buffer.from(await upstream.body.arrayBuffer());
    } catch (cause) {
      throw new AppError('call.unreachable', { path }, { cause });
    }
  }

  /**
   * Sends an upload on as it comes in.
   *
   * @throws AppError what image-service refused it with (`image.not_an_image`, …), `request.too_large`, `call.unreachable`
   */
  async upload(userId: number, file: Readable): Promise<UploadedImage> {
    const turn = this.turns.get(userId) ?? pLimit(MAX_OWN_UPLOADS);
    this.turns.set(userId, turn);
    // While it waits nobody else listens: a sender who leaves must not bring the process down.
    file.on('error', () => undefined);
    try {
      return await turn(() => this.pass(userId, file));
    } finally {
      if (turn.activeCount + turn.pendingCount === 0) this.turns.delete(userId);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.agent.destroy(), this.uploads.destroy()]);
  }

  private async pass(userId: number, file: Readable): Promise<UploadedImage> {
    const headers = { ...this.headersFor(userId), 'content-type': 'application/octet-stream' };
    const upstream = await this.uploads
      .request({ origin: this.origin, path: imageFilePaths.upload, method: 'POST', headers, body: file })
      .catch((error: unknown) => {
        throw error instanceof AppError ? error : new AppError('call.unreachable', {}, { cause: error });
      });
    const body = await upstream.body.json().catch((cause: unknown) => {
      throw new AppError('call.unreachable', { status: upstream.statusCode }, { cause });
    });
    if (upstream.statusCode === 201) return uploadedImage.parse(body);
    throw refusalOf(upstream.statusCode, body);
  }

  private async fetch(path: string, userId: number, asked: FastifyRequest['headers']) {
    const headers = this.headersFor(userId);
    for (const name of FORWARDED_REQUEST_HEADERS) {
      const value = asked[name];
      if (typeof value === 'string') headers[name] = value;
    }
    try {
      return await this.agent.request({ origin: this.origin, path, method: 'GET', headers });
    } catch (error) {
      throw new AppError('call.unreachable', { path }, { cause: error });
    }
  }

  private headersFor(userId: number): Record<string, string> {
    return {
      [INTERNAL_HEADERS.secret]: this.secret,
      [INTERNAL_HEADERS.userId]: String(userId),
      'x-correlation-id': correlationId(),
    };
  }
}

/** What image-service would not give; its own words stay inside. */
async function failureOf(
  path: string,
  { statusCode: status, body }: Dispatcher.ResponseData,
): Promise<AppError> {
  const said: unknown = await body.json().catch(() => null);
  return status === 404 ? new AppError('image.not_found', { path }) : refusalOf(status, said);
}

/** A refusal of image-service, told on by its code: its own words stay inside. */
function refusalOf(status: number, body: unknown): AppError {
  const parsed = problem.safeParse(body);
  if (!parsed.success || !isErrorCode(parsed.data.code)) return new AppError('call.unreachable', { status });
  const issues = (parsed.data.errors ?? []).map(({ field, message }) => ({ path: field, message }));
  return new AppError(parsed.data.code, { status }, { issues });
}

/**
 * A browser may keep a picture, but has to ask before it shows it again: with our validators that costs no bytes. What a
 * browser keeps it gives to whoever sits there: also after logging out, after a link has expired and after a deletion.
 */
function cachingOf(cacheControl: string | string[] | undefined): string {
  return /\bno-store\b/.test(String(cacheControl ?? '')) ? 'no-store' : 'private, no-cache';
}

const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/webp': '.webp',
  'image/avif': '.avif',
};

/** Shown, not saved; the name is ours alone, so that nothing in it has to be escaped. */
function dispositionOf(name: string, contentType: string | string[] | undefined): string {
  return `inline; filename="${name}${ENDINGS[String(contentType)] ?? ''}"`;
}
