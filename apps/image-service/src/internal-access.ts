import { timingSafeEqual } from 'node:crypto';
import { INTERNAL_HEADERS } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';

export type InternalHeaders = Readonly<Record<string, string | undefined>>;

const userId = z
  .string()
  .regex(/^[1-9]\d{0,9}$/)
  .transform(Number);

/**
 * Shuts everything under `/internal/` to whoever does not quote the internal secret, before a body is read: there is
 * nothing for them. Takes pictures in as raw bytes.
 */
export function serveInternally(
  app: NestFastifyApplication,
  { secret, maxUploadBytes }: { readonly secret: string; readonly maxUploadBytes: number },
): void {
  const wanted = Buffer.from(secret);
  const server = app.getHttpAdapter().getInstance();
  server.addHook('onRequest', (request, _reply, done) => {
    // By the route and not by the address: the router reads `/%69nternal/` and `http://x/internal/` alike.
    if (request.routeOptions.url?.startsWith('/internal/') !== true) {
      done();
      return;
    }
    const given = Buffer.from(String(request.headers[INTERNAL_HEADERS.secret] ?? ''));
    const isTrusted = given.length === wanted.length && timingSafeEqual(given, wanted);
    done(isTrusted ? undefined : new AppError('request.not_found'));
  });
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: maxUploadBytes },
    (_request, body, done) => done(null, body),
  );
}

/** For whom the gateway, or another service, asks. @throws AppError `request.not_found` */
export function ownerOf(headers: InternalHeaders): number {
  const owner = userId.safeParse(headers[INTERNAL_HEADERS.userId]);
  if (!owner.success) throw new AppError('request.not_found');
  return owner.data;
}
