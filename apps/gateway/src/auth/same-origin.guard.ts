import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import type { FastifyRequest } from 'fastify';
import { isOwnOrigin } from './own-origin.ts';

export const ALLOWED_ORIGINS = Symbol('ALLOWED_ORIGINS');

/**
 * For routes that read or set the refresh cookie: a page of another site may not use them, even where a browser would
 * send the cookie. Browsers say where a request comes from; what is no browser says nothing and is let through, for it
 * has no cookie that is not its own.
 */
@Injectable()
export class SameOriginGuard implements CanActivate {
  private readonly allowed: ReadonlySet<string>;

  constructor(@Inject(ALLOWED_ORIGINS) allowed: readonly string[]) {
    this.allowed = new Set(allowed);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { origin } = request.headers;
    const isOwn =
      origin === undefined
        ? isOwnFetch(request.headers['sec-fetch-site'])
        : isOwnOrigin(origin, request, this.allowed);
    if (isOwn) return true;
    throw new AppError('auth.foreign_origin');
  }
}

function isOwnFetch(site: string | string[] | undefined): boolean {
  return site === undefined || site === 'same-origin' || site === 'none';
}
