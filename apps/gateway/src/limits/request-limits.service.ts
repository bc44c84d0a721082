import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

export const REQUESTS_PER_MINUTE = Symbol('REQUESTS_PER_MINUTE');

/** Who asks: a user, or an address before it is known who it is. */
export interface Asker {
  readonly userId: number | undefined;
  readonly address: string;
}

/**
 * A generous limit for each user (for each address before login) against runaway clients; a message on a WebSocket
 * counts as a request. Counted in this process: a round trip to Redis for each would cost more than it protects.
 */
@Injectable()
export class RequestLimits {
  private readonly limiter: RateLimiterMemory;

  constructor(@Inject(REQUESTS_PER_MINUTE) perMinute: number) {
    this.limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  }

  /** @throws AppError `request.too_many` with how long to wait */
  async count({ userId, address }: Asker): Promise<void> {
    try {
      await this.limiter.consume(userId === undefined ? `ip ${address}` : `user ${userId}`);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new AppError('request.too_many', { userId, retryAfterSeconds: refusal.msBeforeNext / 1000 });
    }
  }
}
