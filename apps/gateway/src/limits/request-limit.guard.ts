import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { AuthenticatedRequest } from '../auth/current-user.ts';

export const REQUESTS_PER_MINUTE = Symbol('REQUESTS_PER_MINUTE');

/**
 * A generous limit for each user (for each address before login) against runaway clients. Counted in this process:
 * a round trip to Redis for each request would cost more than it protects.
 */
@Injectable()
export class RequestLimitGuard implements CanActivate {
  private readonly limiter: RateLimiterMemory;

  constructor(@Inject(REQUESTS_PER_MINUTE) perMinute: number) {
    this.limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { user, ip } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    try {
      await this.limiter.consume(user === undefined ? `ip ${ip}` : `user ${user.id}`);
      return true;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new AppError('request.too_many', {
        userId: user?.id,
        retryAfterSeconds: refusal.msBeforeNext / 1000,
      });
    }
  }
}
