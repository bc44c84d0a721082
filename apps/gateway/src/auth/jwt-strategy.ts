import { createSecretKey } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AppError } from '@baton/kernel';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { z } from 'zod';
import { UsersService } from '../users/users.service.ts';
import { TOKEN_RULES, TOKEN_SETTINGS, type TokenSettings } from './access-tokens.service.ts';
import type { CurrentUser } from './current-user.ts';

const claims = z.object({
  sub: z.string().regex(/^[1-9]\d{0,15}$/),
  ver: z.int(),
  exp: z.int(),
});

/** A token is good when its signature, issuer, audience and time are, and its user is still there, enabled and unchanged. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  private readonly users: UsersService;

  constructor(@Inject(TOKEN_SETTINGS) { secret }: TokenSettings, @Inject(UsersService) users: UsersService) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // A text would be tried as a public key first, in vain, with each request. The types do not know of key objects.
      secretOrKey: createSecretKey(secret, 'utf8') as unknown as Buffer,
      algorithms: [TOKEN_RULES.algorithm],
      issuer: TOKEN_RULES.issuer,
      audience: TOKEN_RULES.audience,
    });
    this.users = users;
  }

  /** @throws AppError `auth.required`, `auth.account_disabled` */
  async validate(payload: unknown): Promise<CurrentUser> {
    const token = claims.safeParse(payload);
    if (!token.success) throw new AppError('auth.required');
    const user = await this.users.accessOf(Number(token.data.sub));
    if (user === null || user.tokenVersion !== token.data.ver) throw new AppError('auth.required');
    if (user.isDisabled) throw new AppError('auth.account_disabled', { userId: user.id });
    return { id: user.id, role: user.role, tokenExpiresAtMs: token.data.exp * 1000 };
  }
}
