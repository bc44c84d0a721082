import { Body, Controller, Get, Inject, Patch, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiCookieAuth, ApiTags } from '@nestjs/swagger';
import {
  changePasswordBody,
  loginBody,
  registerBody,
  session,
  updateMeBody,
  user,
  verification,
  type Session,
  type User,
  type Verification,
} from '@baton/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiRoute, BODY_ERRORS } from '../docs/api-route.ts';
import { UsersService, toUser } from '../users/users.service.ts';
import { TOKEN_SETTINGS, type TokenSettings } from './access-tokens.service.ts';
import { AuthService, type OpenedSession } from './auth.service.ts';
import { Caller, type CurrentUser } from './current-user.ts';
import { clearRefreshCookie, readRefreshCookie, setRefreshCookie } from './refresh-cookie.ts';
import { SameOriginGuard } from './same-origin.guard.ts';

@ApiTags('Auth')
@Controller('api/auth')
export class AuthController {
  private readonly auth: AuthService;
  private readonly users: UsersService;
  private readonly settings: TokenSettings;

  constructor(
    @Inject(AuthService) auth: AuthService,
    @Inject(UsersService) users: UsersService,
    @Inject(TOKEN_SETTINGS) settings: TokenSettings,
  ) {
    this.auth = auth;
    this.users = users;
    this.settings = settings;
  }

  @Post('register')
  @UseGuards(SameOriginGuard)
  @ApiRoute({
    id: 'auth_register',
    summary: 'Create an account and log in',
    description: 'The first account of an installation becomes its administrator.',
    access: 'public',
    answers: [
      { status: 201, description: 'The session; the refresh token is in the cookie', schema: session },
    ],
    errors: [
      ...BODY_ERRORS,
      'user.name_taken',
      'user.email_taken',
      'user.limit_reached',
      'user.registration_closed',
      'auth.foreign_origin',
      'store.unavailable',
    ],
  })
  async register(
    @Body({ schema: registerBody }) body: z.output<typeof registerBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    return this.hand(await this.auth.register(body, request.ip), request, reply);
  }

  @Post('login')
  @UseGuards(SameOriginGuard)
  @ApiRoute({
    id: 'auth_login',
    summary: 'Log in with a user name or an e-mail address',
    access: 'public',
    answers: [
      { status: 200, description: 'The session; the refresh token is in the cookie', schema: session },
    ],
    errors: [
      ...BODY_ERRORS,
      'auth.invalid_credentials',
      'auth.account_disabled',
      'auth.foreign_origin',
      'store.unavailable',
    ],
  })
  async login(
    @Body({ schema: loginBody }) body: z.output<typeof loginBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    return this.hand(await this.auth.login(body, request.ip), request, reply);
  }

  @Post('refresh')
  @UseGuards(SameOriginGuard)
  @ApiCookieAuth('refresh')
  @ApiRoute({
    id: 'auth_refresh',
    summary: 'Exchange the refresh cookie for a new session',
    description: 'Each refresh token is used once. One that comes back later ends the login it belongs to.',
    access: 'public',
    answers: [
      { status: 200, description: 'The session; the cookie holds the next refresh token', schema: session },
    ],
    errors: ['auth.invalid_refresh', 'auth.account_disabled', 'auth.foreign_origin', 'store.unavailable'],
  })
  async refresh(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    return this.hand(await this.auth.refresh(readRefreshCookie(request)), request, reply);
  }

  @Post('logout')
  @UseGuards(SameOriginGuard)
  @ApiCookieAuth('refresh')
  @ApiRoute({
    id: 'auth_logout',
    summary: 'End this login',
    description:
      'Forgets the refresh token on both sides. Without one there is nothing to end, and that is no error.',
    access: 'public',
    answers: [{ status: 204, description: 'Logged out' }],
    errors: ['auth.foreign_origin', 'store.unavailable'],
  })
  async logout(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.auth.logout(readRefreshCookie(request));
    clearRefreshCookie(request, reply, this.settings);
  }

  @Get('verify')
  @ApiRoute({
    id: 'auth_verify',
    summary: 'Is this access token good, and whose is it',
    access: 'user',
    answers: [{ status: 200, description: 'It is good', schema: verification }],
    errors: ['store.unavailable'],
  })
  async verify(@Caller() caller: CurrentUser): Promise<Verification> {
    return {
      valid: true,
      expires_at: new Date(caller.tokenExpiresAtMs).toISOString(),
      user: toUser(await this.users.get(caller.id)),
    };
  }

  @Get('me')
  @ApiRoute({
    id: 'auth_me',
    summary: 'Your account',
    access: 'user',
    answers: [{ status: 200, description: 'The account', schema: user }],
    errors: ['store.unavailable'],
  })
  async me(@Caller() caller: CurrentUser): Promise<User> {
    return toUser(await this.users.get(caller.id));
  }

  @Patch('me')
  @ApiRoute({
    id: 'auth_update_me',
    summary: 'Change your account',
    access: 'user',
    answers: [{ status: 200, description: 'The account as it is now', schema: user }],
    errors: [...BODY_ERRORS, 'user.email_taken', 'store.unavailable'],
  })
  async updateMe(
    @Caller() caller: CurrentUser,
    @Body({ schema: updateMeBody }) { email, locale }: z.output<typeof updateMeBody>,
  ): Promise<User> {
    const changes = {
      ...(email === undefined ? {} : { email }),
      ...(locale === undefined ? {} : { locale }),
    };
    return toUser(await this.users.update(caller.id, changes));
  }

  @Post('password')
  @UseGuards(SameOriginGuard)
  @ApiRoute({
    id: 'auth_change_password',
    summary: 'Change your password',
    description: 'Ends all your logins everywhere; the answer is a new one for you.',
    access: 'user',
    answers: [{ status: 200, description: 'A new session', schema: session }],
    errors: [...BODY_ERRORS, 'auth.invalid_credentials', 'auth.foreign_origin', 'store.unavailable'],
  })
  async changePassword(
    @Caller() caller: CurrentUser,
    @Body({ schema: changePasswordBody }) body: z.output<typeof changePasswordBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    return this.hand(await this.auth.changePassword(caller.id, body, request.ip), request, reply);
  }

  private hand({ session, refresh }: OpenedSession, request: FastifyRequest, reply: FastifyReply): Session {
    setRefreshCookie(request, reply, this.settings, refresh);
    return session;
  }
}
