import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { z } from 'zod';
import { TOKEN_RULES, TOKEN_SETTINGS, type TokenSettings } from '../auth/access-tokens.service.ts';
import type { CurrentUser } from '../auth/current-user.ts';
import { UsersService } from '../users/users.service.ts';

/** Pages for operators live under this path, and the cookie is sent nowhere else. */
export const OPS_PATH = '/ops';
export const OPS_COOKIE = 'baton_ops';

/** As long as an access token lives by default; whoever keeps the page open longer asks for another pass. */
export const OPS_PASS_SECONDS = 900;
/** Another audience than an access token's: neither can be used as the other. */
const AUDIENCE = 'baton-ops';

const claims = z.object({ sub: z.string().regex(/^[1-9]\d{0,15}$/), ver: z.int() });

/**
 * Lets an administrator's browser open the pages for operators, which are links and cannot send an access token. The pass
 * is a signed cookie that is sent to those pages only.
 */
@Injectable()
export class OpsPasses {
  private readonly jwt: JwtService;
  private readonly users: UsersService;

  constructor(@Inject(TOKEN_SETTINGS) { secret }: TokenSettings, @Inject(UsersService) users: UsersService) {
    const { issuer, algorithm } = TOKEN_RULES;
    this.jwt = new JwtService({
      secret,
      signOptions: { issuer, audience: AUDIENCE, algorithm, expiresIn: OPS_PASS_SECONDS },
      verifyOptions: { issuer, audience: AUDIENCE, algorithms: [algorithm] },
    });
    this.users = users;
  }

  async issue({ id }: CurrentUser): Promise<string> {
    const user = await this.users.accessOf(id);
    return this.jwt.signAsync({ ver: user?.tokenVersion ?? 0 }, { subject: String(id) });
  }

  /** Whether the pass is good, and its owner still an administrator who has not changed the password since. */
  async isGood(pass: string | undefined): Promise<boolean> {
    if (pass === undefined || pass.length > 1_000) return false;
    let payload: unknown;
    try {
      payload = await this.jwt.verifyAsync(pass);
    } catch {
      return false;
    }
    const token = claims.safeParse(payload);
    if (!token.success) return false;
    const user = await this.users.accessOf(Number(token.data.sub));
    return user?.role === 'admin' && !user.isDisabled && user.tokenVersion === token.data.ver;
  }
}
