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
import { Agent, type Dispatcher } from 'undici';

export const IMAGE_SERVICE_URL = Symbol('IMAGE_SERVICE_URL');

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

/** Fetches picture bytes from image-service and passes them on as they come, without keeping them. */
@Injectable()
export class ImageFilesClient implements OnApplicationShutdown {
  private readonly origin: string;
  private readonly secret: string;
  private readonly agent = new Agent({
    connectTimeout: 2_000,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connections: 64,
  });

  constructor(@Inject(IMAGE_SERVICE_URL) origin: string, @Inject(INTERNAL_SECRET) secret: string) {
    this.origin = origin;
    this.secret = secret;
  }

  /**
   * Answers `request` with what stands at `path`, ranges and conditional requests included.
   *
   * @throws AppError `image.not_found` (also for other people's pictures), `call.unreachable`
   */
  async send(path: string, userId: number, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const upstream = await this.fetch(path, userId, request.headers);
    if (!PASSED_ON.has(upstream.statusCode)) throw await failureOf(path, upstream);
    for (const name of FORWARDED_ANSWER_HEADERS) {
      const value = upstream.headers[name];
      if (value !== undefined) void reply.header(name, value);
    }
    // Behind a token: a shared cache must not keep it, whatever image-service thinks of caching.
    void reply.header('cache-control', asPrivate(upstream.headers['cache-control']));
    void reply.header('content-disposition', 'inline');
    void reply.status(upstream.statusCode);
    if (upstream.statusCode === 304) {
      await upstream.body.dump();
      await reply.send();
      return;
    }
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
    const headers = { ...this.headersFor(userId), 'content-type': 'application/octet-stream' };
    const upstream = await this.agent
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

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
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
  await body.dump();
  return status === 404
    ? new AppError('image.not_found', { path })
    : new AppError('call.unreachable', { path, status });
}

/** A refusal of image-service, told on by its code: its own words stay inside. */
function refusalOf(status: number, body: unknown): AppError {
  const parsed = problem.safeParse(body);
  if (!parsed.success || !isErrorCode(parsed.data.code)) return new AppError('call.unreachable', { status });
  const issues = (parsed.data.errors ?? []).map(({ field, message }) => ({ path: field, message }));
  return new AppError(parsed.data.code, { status }, { issues });
}

/** Keeps how long something may be cached, never by whom: that is decided here. */
function asPrivate(cacheControl: string | string[] | undefined): string {
  const directives = String(cacheControl ?? 'no-cache')
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && directive !== 'public' && directive !== 'private');
  return ['private', ...directives].join(', ');
}
