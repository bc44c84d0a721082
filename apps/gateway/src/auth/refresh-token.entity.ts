import { epochMs, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';
import { exactText } from '../exact-text.ts';

export interface RefreshTokenRow {
  id: number;
  userId: number;
  /** All tokens that came from one login. */
  familyId: string;
  /** SHA-256 of the token, hex. The token itself is 256 random bits, so a plain hash is enough, and it is kept nowhere. */
  tokenHash: string;
  createdAtMs: number;
  expiresAtMs: number;
  /** When it was exchanged for its successor; a later use means that two parties have it. */
  replacedAtMs: number | null;
}

export function refreshTokenEntity(dialect: Dialect): EntitySchema<RefreshTokenRow> {
  return new EntitySchema<RefreshTokenRow>({
    name: 'refresh_token',
    tableName: 'refresh_tokens',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      userId: { name: 'user_id', type: 'integer' },
      familyId: { name: 'family_id', type: 'varchar', length: 36, ...exactText(dialect) },
      tokenHash: { name: 'token_hash', type: 'varchar', length: 64, ...exactText(dialect) },
      createdAtMs: { name: 'created_at_ms', ...epochMs },
      expiresAtMs: { name: 'expires_at_ms', ...epochMs },
      replacedAtMs: { name: 'replaced_at_ms', ...epochMs, nullable: true },
    },
    foreignKeys: [
      {
        name: 'fk_refresh_tokens_user',
        target: 'user',
        columnNames: ['userId'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
        // Said aloud, because MariaDB and MySQL report the default by different names.
        onUpdate: 'RESTRICT',
      },
    ],
    indices: [
      { name: 'uq_refresh_tokens_hash', columns: ['tokenHash'], unique: true },
      { name: 'ix_refresh_tokens_family', columns: ['familyId'] },
      { name: 'ix_refresh_tokens_user', columns: ['userId'] },
      { name: 'ix_refresh_tokens_expiry', columns: ['expiresAtMs'] },
    ],
  });
}
