import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { z } from 'zod';
import type { changePasswordBody, loginBody, registerBody, Session } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { AttemptLimits } from '../limits/attempt-limits.service.ts';
import { nameKey } from '../users/name-key.ts';
import { UsersService, toUser, type Account } from '../users/users.service.ts';
import { AccessTokens } from './access-tokens.service.ts';
import { Passwords } from './passwords.service.ts';
import { RefreshTokensRepository, type IssuedToken } from './refresh-tokens.repository.ts';

export const REGISTRATION = Symbol('REGISTRATION');

export interface RegistrationSettings {
  readonly isOpen: boolean;
  /** 0 is no limit. */
  readonly maxUsers: number;
}

/** A session and the refresh token that goes into the cookie beside it. */
export interface OpenedSession {
  readonly session: Session;
  readonly refresh: IssuedToken;
}

const PURGE_EVERY_MS = 3_600_000;

@Injectable()
export class AuthService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly users: UsersService;
  private readonly passwords: Passwords;
  private readonly accessTokens: AccessTokens;
  private readonly refreshTokens: RefreshTokensRepository;
  private readonly limits: AttemptLimits;
  private readonly registration: RegistrationSettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private cancelPurge: () => void = () => undefined;

  constructor(
    @Inject(UsersService) users: UsersService,
    @Inject(Passwords) passwords: Passwords,
    @Inject(AccessTokens) accessTokens: AccessTokens,
    @Inject(RefreshTokensRepository) refreshTokens: RefreshTokensRepository,
    @Inject(AttemptLimits) limits: AttemptLimits,
    @Inject(REGISTRATION) registration: RegistrationSettings,
    @Inject(CLOCK) clock: Clock,
    @Inject(Log) log: Log,
  ) {
    this.users = users;
    this.passwords = passwords;
    this.accessTokens = accessTokens;
    this.refreshTokens = refreshTokens;
    this.limits = limits;
    this.registration = registration;
    this.clock = clock;
    this.log = log;
  }

  onApplicationBootstrap(): void {
    this.purge();
  }

  onModuleDestroy(): void {
    this.cancelPurge();
  }

  /** @throws AppError `user.registration_closed`, `user.limit_reached`, `user.name_taken`, `user.email_taken` */
  async register(body: z.output<typeof registerBody>, address: string): Promise<OpenedSession> {
    if (!this.registration.isOpen) throw new AppError('user.registration_closed');
    await this.limits.registration(address);
    const user = await this.users.register(
      {
        username: body.username,
        email: body.email ?? null,
        passwordHash: await this.passwords.hash(body.password),
        createdAtMs: this.clock.now(),
      },
      this.registration.maxUsers,
    );
    this.log.event('user.register', { userId: user.id, role: user.role });
    return this.open(user);
  }

  /** @throws AppError `auth.invalid_credentials`, `auth.account_disabled`, `request.too_many` */
  login({ username, password }: z.output<typeof loginBody>, address: string): Promise<OpenedSession> {
    return this.limits.attempt(nameKey(username), address, async () => {
      const user = await this.users.findByLogin(username);
      const isRight = await this.passwords.matches(user?.passwordHash ?? null, password);
      if (user === null || !isRight) throw new AppError('auth.invalid_credentials');
      if (user.disabledAtMs !== null) throw new AppError('auth.account_disabled', { userId: user.id });
      return this.open(user);
    });
  }

  /** @throws AppError `auth.invalid_refresh`, `auth.account_disabled` */
  async refresh(token: string | undefined): Promise<OpenedSession> {
    if (token === undefined) throw new AppError('auth.invalid_refresh');
    const rotation = await this.refreshTokens.rotate(token);
    if (rotation.outcome === 'reused') this.log.warn('refresh_token.reuse', { userId: rotation.userId });
    if (rotation.outcome !== 'rotated')
      throw new AppError('auth.invalid_refresh', { outcome: rotation.outcome });
    const user = await this.users.get(rotation.issued.userId);
    if (user.disabledAtMs !== null) throw new AppError('auth.account_disabled', { userId: user.id });
    return { session: await this.sessionOf(user), refresh: rotation.issued };
  }

  async logout(token: string | undefined): Promise<void> {
    if (token !== undefined) await this.refreshTokens.revoke(token);
  }

  /**
   * Ends every session of the user, this one too, and opens a new one for whoever knew the old password.
   *
   * @throws AppError `auth.invalid_credentials`, `request.too_many`
   */
  async changePassword(
    userId: number,
    body: z.output<typeof changePasswordBody>,
    address: string,
  ): Promise<OpenedSession> {
    await this.limits.attempt(`user ${userId}`, address, async () => {
      const { passwordHash } = await this.users.get(userId);
      if (!(await this.passwords.matches(passwordHash, body.current_password))) {
        throw new AppError('auth.invalid_credentials', { userId });
      }
    });
    await this.users.setPassword(userId, await this.passwords.hash(body.new_password));
    await this.refreshTokens.revokeAllOf(userId);
    this.log.event('user.change_password', { userId });
    return this.open(await this.users.get(userId));
  }

  private async open(user: Account): Promise<OpenedSession> {
    return { session: await this.sessionOf(user), refresh: await this.refreshTokens.issue(user.id) };
  }

  private async sessionOf(user: Account): Promise<Session> {
    return {
      access_token: await this.accessTokens.sign(user),
      token_type: 'bearer',
      expires_in: this.accessTokens.expiresInSeconds,
      user: toUser(user),
    };
  }

  private purge(): void {
    this.refreshTokens.purgeExpired().catch((error: unknown) => this.log.error('refresh_token.purge', error));
    this.cancelPurge = this.clock.after(PURGE_EVERY_MS, () => this.purge());
  }
}
