import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { read, write } from '@baton/platform/database';
import { DataSource, type EntityManager } from 'typeorm';
import { nameKey } from './name-key.ts';
import type { UserRow } from './user.entity.ts';

export type NewUser = Pick<UserRow, 'username' | 'email' | 'passwordHash' | 'createdAtMs'>;
export type UserChanges = Partial<Pick<UserRow, 'email' | 'locale'>>;

/** One more than the registrations that may reasonably collide in one instant; each try meets fresh numbers. */
const REGISTRATION_TRIES = 50;

@Injectable()
export class UsersRepository {
  private readonly source: DataSource;

  constructor(@Inject(DataSource) source: DataSource) {
    this.source = source;
  }

  findById(id: number): Promise<UserRow | null> {
    return read(this.source, (manager) => users(manager).findOneBy({ id }));
  }

  /** By user name or e-mail address, in any case. User names hold no `@`, so the two cannot be confused. */
  findByLogin(login: string): Promise<UserRow | null> {
    const key = nameKey(login);
    const by = login.includes('@') ? { emailKey: key } : { usernameKey: key };
    return read(this.source, (manager) => users(manager).findOneBy(by));
  }

  /**
   * Adds a user; the first of all becomes admin. Two registrations at once want the same seat, and the unique index
   * lets one of them have it; the other looks again and finds that it is not the first (or that the house is full).
   *
   * @param maxUsers 0 is no limit
   * @throws AppError `user.limit_reached`, `user.name_taken`, `user.email_taken`
   */
  async register(user: NewUser, maxUsers: number): Promise<UserRow> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write(this.source, (manager) => takeSeat(users(manager), user, maxUsers));
      } catch (error) {
        if (!isCollision(error) || attempt === REGISTRATION_TRIES) throw error;
      }
    }
  }

  /** @throws AppError `user.email_taken`, `auth.required` when the user is gone */
  async update(id: number, changes: UserChanges): Promise<UserRow> {
    const emailKey = changes.email === undefined ? {} : { emailKey: emailKeyOf(changes.email) };
    try {
      return await write(this.source, async (manager) => {
        await users(manager).update({ id }, { ...changes, ...emailKey });
        const row = await users(manager).findOneBy({ id });
        if (row === null) throw new AppError('auth.required', { userId: id });
        return row;
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new AppError('user.email_taken', { userId: id }, { cause: error });
      throw error;
    }
  }

  /** A new password; every access token that was given out before is void from here on. */
  async setPassword(id: number, passwordHash: string): Promise<void> {
    await write(this.source, async (manager) => {
      await users(manager).update({ id }, { passwordHash });
      await users(manager).increment({ id }, 'tokenVersion', 1);
    });
  }
}

type Users = ReturnType<typeof users>;

function users(manager: EntityManager) {
  return manager.getRepository<UserRow>('user');
}

async function takeSeat(table: Users, user: NewUser, maxUsers: number): Promise<UserRow> {
  const usernameKey = nameKey(user.username);
  const emailKey = emailKeyOf(user.email);
  if (await table.existsBy({ usernameKey })) throw new AppError('user.name_taken');
  if (emailKey !== null && (await table.existsBy({ emailKey }))) throw new AppError('user.email_taken');
  const [count, lastSeat] = [await table.count(), (await table.maximum('seat')) ?? 0];
  if (maxUsers > 0 && count >= maxUsers) throw new AppError('user.limit_reached', { count, maxUsers });
  const row: Omit<UserRow, 'id'> = {
    ...user,
    seat: lastSeat + 1,
    usernameKey,
    emailKey,
    role: count === 0 ? 'admin' : 'user',
    locale: null,
    disabledAtMs: null,
    tokenVersion: 0,
  };
  return table.save(table.create(row));
}

function emailKeyOf(email: string | null): string | null {
  return email === null ? null : nameKey(email);
}

/** The driver's code, as the database edge of platform hands it over. */
function driverCode(error: unknown): string {
  return error instanceof AppError ? String(error.details['driver']) : '';
}

function isUniqueViolation(error: unknown): boolean {
  const code = driverCode(error);
  return code.startsWith('SQLITE_CONSTRAINT') || code === 'ER_DUP_ENTRY';
}

/** Somebody else wrote at the same time: what was read before is no longer so. */
function isCollision(error: unknown): boolean {
  const code = driverCode(error);
  return (
    isUniqueViolation(error) ||
    code.startsWith('SQLITE_BUSY') ||
    code === 'ER_LOCK_DEADLOCK' ||
    code === 'ER_CHECKREAD'
  );
}
