import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TokenSettings } from './access-tokens.service.ts';
import type { IssuedToken } from './refresh-tokens.repository.ts';

const NAME = 'baton_refresh';

/** Sent to the auth routes only, never readable by a script, never sent along from another site. */
function cookieOptions(request: FastifyRequest, { cookieSecure }: TokenSettings): CookieSerializeOptions {
  const secure = cookieSecure === 'auto' ? request.protocol === 'https' : cookieSecure === 'true';
  return { path: '/api/auth', httpOnly: true, sameSite: 'strict', secure };
}

export function readRefreshCookie(request: FastifyRequest): string | undefined {
  const value = request.cookies[NAME];
  return value === undefined || value === '' || value.length > 200 ? undefined : value;
}

export function setRefreshCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  settings: TokenSettings,
  issued: IssuedToken,
): void {
  void reply.setCookie(NAME, issued.token, {
    ...cookieOptions(request, settings),
    expires: new Date(issued.expiresAtMs),
  });
}

export function clearRefreshCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  settings: TokenSettings,
): void {
  void reply.clearCookie(NAME, cookieOptions(request, settings));
}
