import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { AuthenticatedRequest } from '../auth/current-user.ts';
import { RequestLimits } from './request-limits.service.ts';

/** Counts each request of a user, or of an address before login. */
@Injectable()
export class RequestLimitGuard implements CanActivate {
  private readonly limits: RequestLimits;

  constructor(@Inject(RequestLimits) limits: RequestLimits) {
    this.limits = limits;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { user, ip } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    await this.limits.count({ userId: user?.id, address: ip });
    return true;
  }
}
