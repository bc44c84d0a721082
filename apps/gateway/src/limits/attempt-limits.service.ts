import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { RedisConnections } from '@baton/platform';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';

export const ATTEMPT_LIMITS = Symbol('ATTEMPT_LIMITS');

export interface AttemptLimitSettings {
  readonly loginAttempts: number;
  readonly loginWindowSeconds: number;
  readonly registrationsPerHour: number;
}

/** One address may try this many times as often over all accounts as it may for one of them. */
const ACCOUNTS_PER_ADDRESS = 10;

/**
 * How often somebody may try a password or register, counted for all gateways together in Redis. While Redis is away
 * each process counts for itself, so that an outage is not an open door.
 */
@Injectable()
export class AttemptLimits {
  private readonly perAccount: RateLimiterAbstract;
  private readonly perAddress: RateLimiterAbstract;
  private readonly registrations: RateLimiterAbstract;

  constructor(
    @Inject(RedisConnections) redis: RedisConnections,
    @Inject(ATTEMPT_LIMITS) settings: AttemptLimitSettings,
  ) {
    const limiter = (name: string, points: number, duration: number): RateLimiterAbstract =>
      new RateLimiterRedis({
        storeClient: redis.shared,
        keyPrefix: `gateway:limit:${name}`,
        points,
        duration,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory({ points, duration }),
      });
    const { loginAttempts, loginWindowSeconds, registrationsPerHour } = settings;
    this.perAccount = limiter('account', loginAttempts, loginWindowSeconds);
    this.perAddress = limiter('address', loginAttempts * ACCOUNTS_PER_ADDRESS, loginWindowSeconds);
    this.registrations = limiter('registration', registrationsPerHour, 3_600);
  }

  /**
   * Runs one attempt at a password. It is counted before the password is looked at, so attempts at once do not slip
   * through together; success clears the account's count.
   *
   * @param account whose password it is; need not exist
   * @throws AppError `request.too_many` with how long to wait, or what `attempt` throws
   */
  async attempt<T>(account: string, address: string, attempt: () => Promise<T>): Promise<T> {
    const key = keyOf(`${account}\n${address}`);
    await consume(this.perAddress, keyOf(address));
    await consume(this.perAccount, key);
    const result = await attempt();
    await this.perAccount.delete(key);
    return result;
  }

  /** @throws AppError `request.too_many` */
  async registration(address: string): Promise<void> {
    await consume(this.registrations, keyOf(address));
  }
}

async function consume(limiter: RateLimiterAbstract, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new AppError('request.too_many', { retryAfterSeconds: refusal.msBeforeNext / 1000 });
  }
}

/** No names and addresses in Redis keys. */
function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
