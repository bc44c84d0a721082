import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppError } from '@baton/kernel';
import type { UserAccess } from '../users/users.service.ts';

export const TOKEN_SETTINGS = Symbol('TOKEN_SETTINGS');

export interface TokenSettings {
  readonly secret: string;
  readonly accessMs: number;
  readonly refreshMs: number;
  readonly cookieSecure: 'auto' | 'true' | 'false';
}

/** What every token must say; a token of another program that shares the secret does not. */
export const TOKEN_RULES = { issuer: 'baton', audience: 'baton-api', algorithm: 'HS256' } as const;

@Injectable()
export class AccessTokens {
  readonly expiresInSeconds: number;
  private readonly jwt: JwtService;

  constructor(@Inject(TOKEN_SETTINGS) { secret, accessMs }: TokenSettings) {
    this.expiresInSeconds = Math.floor(accessMs / 1000);
    this.jwt = new JwtService({ secret, signOptions: { ...TOKEN_RULES, expiresIn: this.expiresInSeconds } });
  }

  sign({ id, tokenVersion }: Pick<UserAccess, 'id' | 'tokenVersion'>): Promise<string> {
    return this.jwt.signAsync({ ver: tokenVersion }, { subject: String(id) });
  }

  /**
   * What a token says, for where it comes without a request. Whether its user may still come in is `JwtStrategy`'s to say.
   *
   * @throws AppError `auth.token_expired`, `auth.required` for any other token that is not ours
   */
  async claimsOf(token: string): Promise<object> {
    const { issuer, audience, algorithm } = TOKEN_RULES;
    try {
      return await this.jwt.verifyAsync<object>(token, { issuer, audience, algorithms: [algorithm] });
    } catch (error) {
      const isExpired = error instanceof Error && error.name === 'TokenExpiredError';
      throw new AppError(isExpired ? 'auth.token_expired' : 'auth.required');
    }
  }
}
