import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '@baton/kernel';
import { IS_PUBLIC, ROLES, type Role } from './access.ts';
import type { AuthenticatedRequest } from './current-user.ts';

/** Every route needs an access token unless it is marked public. */
@Injectable()
export class AccessGuard extends AuthGuard('jwt') {
  private readonly reflector: Reflector;

  constructor(@Inject(Reflector) reflector: Reflector) {
    super();
    this.reflector = reflector;
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    return isPublic === true || Boolean(await super.canActivate(context));
  }

  /** Passport's words for a failure stay inside; an expired token is told apart, because a refresh cures it. */
  override handleRequest<User>(error: unknown, user: User | false | undefined, info: unknown): User {
    if (error instanceof Error) throw error;
    if (error !== null && error !== undefined) throw new AppError('internal', {}, { cause: error });
    if (user !== false && user !== undefined) return user;
    const isExpired = info instanceof Error && info.name === 'TokenExpiredError';
    throw new AppError(isExpired ? 'auth.token_expired' : 'auth.required');
  }
}

/** Routes marked with roles answer only users who have one of them. Comes after the access guard. */
@Injectable()
export class RolesGuard implements CanActivate {
  private readonly reflector: Reflector;

  constructor(@Inject(Reflector) reflector: Reflector) {
    this.reflector = reflector;
  }

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (roles === undefined) return true;
    const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (user !== undefined && roles.includes(user.role)) return true;
    throw new AppError('auth.forbidden', { userId: user?.id });
  }
}
