import { epochMs, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';
import type { Role } from '../auth/access.ts';
import { exactText } from '../exact-text.ts';

export interface UserRow {
  id: number;
  /** Grows by one with each registration. Unique, so two registrations at once cannot both be the first, or the last. */
  seat: number;
  username: string;
  /** The name as it is compared: NFKC, lower case. */
  usernameKey: string;
  email: string | null;
  emailKey: string | null;
  passwordHash: string;
  role: Role;
  locale: 'en' | 'ru' | null;
  disabledAtMs: number | null;
  /** Access tokens quote it; one more and all of them are void. */
  tokenVersion: number;
  createdAtMs: number;
}

export function userEntity(dialect: Dialect): EntitySchema<UserRow> {
  return new EntitySchema<UserRow>({
    name: 'user',
    tableName: 'users',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      seat: { type: 'integer' },
      username: { type: 'varchar', length: 64 },
      usernameKey: { name: 'username_key', type: 'varchar', length: 128, ...exactText(dialect) },
      email: { type: 'varchar', length: 254, nullable: true },
      emailKey: { name: 'email_key', type: 'varchar', length: 254, nullable: true, ...exactText(dialect) },
      passwordHash: { name: 'password_hash', type: 'varchar', length: 255 },
      role: { type: 'varchar', length: 16 },
      locale: { type: 'varchar', length: 8, nullable: true },
      disabledAtMs: { name: 'disabled_at_ms', ...epochMs, nullable: true },
      tokenVersion: { name: 'token_version', type: 'integer' },
      createdAtMs: { name: 'created_at_ms', ...epochMs },
    },
    indices: [
      { name: 'uq_users_seat', columns: ['seat'], unique: true },
      { name: 'uq_users_username_key', columns: ['usernameKey'], unique: true },
      { name: 'uq_users_email_key', columns: ['emailKey'], unique: true },
    ],
  });
}
