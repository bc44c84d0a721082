import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { read, write } from '@baton/platform/database';
import { DataSource, IsNull, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { TOKEN_SETTINGS, type TokenSettings } from './access-tokens.service.ts';
import type { RefreshTokenRow } from './refresh-token.entity.ts';

/** Two tabs that wake up together send the same token; within this time both get a new one and nobody is alarmed. */
export const PARALLEL_USE_MS = 10_000;

export interface IssuedToken {
  readonly userId: number;
  /** For the cookie; only its hash is kept. */
  readonly token: string;
  readonly expiresAtMs: number;
}

export type Rotation =
  | { readonly outcome: 'rotated'; readonly issued: IssuedToken }
  | { readonly outcome: 'unknown' }
  /** A replaced token came back: somebody else has it, so the whole family was ended. */
  | { readonly outcome: 'reused'; readonly userId: number };

@Injectable()
export class RefreshTokensRepository {
  private readonly source: DataSource;
  private readonly clock: Clock;
  private readonly lifetimeMs: number;

  constructor(
    @Inject(DataSource) source: DataSource,
    @Inject(CLOCK) clock: Clock,
    @Inject(TOKEN_SETTINGS) { refreshMs }: TokenSettings,
  ) {
    this.source = source;
    this.clock = clock;
    this.lifetimeMs = refreshMs;
  }

  /** The first token of a new family: a login. */
  issue(userId: number): Promise<IssuedToken> {
    return write(this.source, (manager) => this.insert(manager, userId, randomUUID()));
  }

  /**
   * Exchanges a token for its successor. In this order: a fresh one is replaced; an unknown or expired one is nothing;
   * one that was replaced a moment ago belongs to a parallel tab, which gets a successor too; any other was stolen.
   * The update comes first, so that of two at once the database lets one replace it.
   */
  rotate(token: string): Promise<Rotation> {
    return write(this.source, async (manager): Promise<Rotation> => {
      const now = this.clock.now();
      const table = tokens(manager);
      const tokenHash = hashOf(token);
      const fresh = { tokenHash, replacedAtMs: IsNull(), expiresAtMs: MoreThan(now) };
      await table.update(fresh, { replacedAtMs: now });
      const row = await table.findOneBy({ tokenHash });
      if (row === null || row.expiresAtMs <= now) return { outcome: 'unknown' };
      if (now - (row.replacedAtMs ?? now) > PARALLEL_USE_MS) {
        await table.delete({ familyId: row.familyId });
        return { outcome: 'reused', userId: row.userId };
      }
      return { outcome: 'rotated', issued: await this.insert(manager, row.userId, row.familyId) };
    });
  }

  /** Ends the login that the token belongs to. An unknown token ends nothing. */
  async revoke(token: string): Promise<void> {
    const row = await read(this.source, (manager) => tokens(manager).findOneBy({ tokenHash: hashOf(token) }));
    if (row === null) return;
    await write(this.source, (manager) => tokens(manager).delete({ familyId: row.familyId }));
  }

  async revokeAllOf(userId: number): Promise<void> {
    await write(this.source, (manager) => tokens(manager).delete({ userId }));
  }

  /** @returns how many expired tokens were removed */
  async purgeExpired(): Promise<number> {
    const { affected } = await write(this.source, (manager) =>
      tokens(manager).delete({ expiresAtMs: LessThan(this.clock.now()) }),
    );
    return affected ?? 0;
  }

  private async insert(manager: EntityManager, userId: number, familyId: string): Promise<IssuedToken> {
    const token = randomBytes(32).toString('base64url');
    const createdAtMs = this.clock.now();
    const expiresAtMs = createdAtMs + this.lifetimeMs;
    const { identifiers } = await tokens(manager).insert({
      userId,
      familyId,
      tokenHash: hashOf(token),
      createdAtMs,
      expiresAtMs,
      replacedAtMs: null,
    });
    if (identifiers.length !== 1) throw new AppError('store.unavailable', { table: 'refresh_tokens' });
    return { userId, token, expiresAtMs };
  }
}

function tokens(manager: EntityManager) {
  return manager.getRepository<RefreshTokenRow>('refresh_token');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
