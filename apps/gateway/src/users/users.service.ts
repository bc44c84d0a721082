import { Inject, Injectable } from '@nestjs/common';
import type { User } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import type { Role } from '../auth/access.ts';
import type { UserRow } from './user.entity.ts';
import { UsersRepository, type NewUser, type UserChanges } from './users.repository.ts';

/** A user with all that is known of them, for other features. */
export type Account = Readonly<UserRow>;

/** What an access token is checked against. */
export interface UserAccess {
  readonly id: number;
  readonly role: Role;
  readonly isDisabled: boolean;
  readonly tokenVersion: number;
}

/** How long another gateway may still believe a token whose user was disabled or changed the password. */
const ACCESS_TTL_MS = 3_000;
const ACCESS_ENTRIES = 10_000;

@Injectable()
export class UsersService {
  private readonly users: UsersRepository;
  private readonly clock: Clock;
  private readonly access = new Map<number, { readonly at: number; readonly access: UserAccess | null }>();

  constructor(@Inject(UsersRepository) users: UsersRepository, @Inject(CLOCK) clock: Clock) {
    this.users = users;
    this.clock = clock;
  }

  /** Null for a user who does not exist. At most 3 s old. */
  async accessOf(id: number): Promise<UserAccess | null> {
    const now = this.clock.monotonic();
    const known = this.access.get(id);
    if (known !== undefined && now - known.at < ACCESS_TTL_MS) return known.access;
    const row = await this.users.findById(id);
    const access = row === null ? null : toAccess(row);
    if (this.access.size >= ACCESS_ENTRIES) this.access.clear();
    this.access.set(id, { at: now, access });
    return access;
  }

  findByLogin(login: string): Promise<Account | null> {
    return this.users.findByLogin(login);
  }

  register(user: NewUser, maxUsers: number): Promise<Account> {
    return this.users.register(user, maxUsers);
  }

  /** @throws AppError `auth.required` when the user is gone */
  async get(id: number): Promise<Account> {
    const row = await this.users.findById(id);
    if (row === null) throw new AppError('auth.required', { userId: id });
    return row;
  }

  update(id: number, changes: UserChanges): Promise<Account> {
    return this.users.update(id, changes);
  }

  async setPassword(id: number, passwordHash: string): Promise<void> {
    await this.users.setPassword(id, passwordHash);
    this.access.delete(id);
  }
}

function toAccess({ id, role, disabledAtMs, tokenVersion }: Account): UserAccess {
  return { id, role, isDisabled: disabledAtMs !== null, tokenVersion };
}

/** A user as the API shows them. */
export function toUser({ id, username, email, role, locale, createdAtMs }: Account): User {
  return { id, username, email, role, locale, created_at: new Date(createdAtMs).toISOString() };
}
