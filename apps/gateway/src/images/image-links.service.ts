import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { z } from 'zod';
import { TOKEN_SETTINGS, type TokenSettings } from '../auth/access-tokens.service.ts';

/** Another audience than that of access tokens: a link opens one picture and nothing else. */
const RULES = { issuer: 'baton', audience: 'baton-picture', algorithm: 'HS256' } as const;

const claims = z.object({
  sub: z
    .string()
    .regex(/^[1-9]\d{0,15}$/)
    .transform(Number),
  img: z.int().positive(),
  kind: z.enum(['file', 'thumbnail']),
});

export interface LinkedPicture {
  /** Whose it is, and not who opens it. */
  readonly userId: number;
  readonly imageId: number;
  readonly kind: 'file' | 'thumbnail';
}

/** Addresses that open one picture for a short while, for whoever has them. */
@Injectable()
export class ImageLinks {
  private readonly jwt: JwtService;
  private readonly clock: Clock;

  constructor(@Inject(TOKEN_SETTINGS) { secret }: TokenSettings, @Inject(CLOCK) clock: Clock) {
    this.jwt = new JwtService({ secret });
    this.clock = clock;
  }

  async sign(
    { userId, imageId, kind }: LinkedPicture,
    seconds: number,
  ): Promise<{ url: string; expires_at: string }> {
    const token = await this.jwt.signAsync(
      { img: imageId, kind },
      { ...RULES, subject: String(userId), expiresIn: seconds },
    );
    const expiresAt = new Date(this.clock.now() + seconds * 1_000).toISOString();
    return { url: `/api/images/link/${token}`, expires_at: expiresAt };
  }

  /** @throws AppError `image.link_expired`, also for what is no link of ours */
  async read(token: string): Promise<LinkedPicture> {
    const { issuer, audience, algorithm } = RULES;
    try {
      const said = await this.jwt.verifyAsync<object>(token, { issuer, audience, algorithms: [algorithm] });
      const { sub: userId, img: imageId, kind } = claims.parse(said);
      return { userId, imageId, kind };
    } catch (cause) {
      throw new AppError('image.link_expired', {}, { cause });
    }
  }
}
