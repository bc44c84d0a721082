import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role } from './access.ts';

/** Who asks, as the access token and the user's row say. */
export interface CurrentUser {
  readonly id: number;
  readonly role: Role;
  /** When the access token ends, ms since the epoch. */
  readonly tokenExpiresAtMs: number;
}

export interface AuthenticatedRequest extends FastifyRequest {
  user?: CurrentUser;
}

/** The user that the guard has let in. Only for routes that are not public. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): CurrentUser => {
  const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (user === undefined) throw new Error('a public route asked for the caller');
  return user;
});
