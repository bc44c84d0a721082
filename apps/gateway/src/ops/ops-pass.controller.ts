import { Controller, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TOKEN_SETTINGS, type TokenSettings } from '../auth/access-tokens.service.ts';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { SameOriginGuard } from '../auth/same-origin.guard.ts';
import { ApiRoute } from '../docs/api-route.ts';
import { OPS_COOKIE, OPS_PASS_SECONDS, OPS_PATH, OpsPasses } from './ops-pass.service.ts';

@ApiTags('Ops')
@Controller('api/ops')
export class OpsPassController {
  private readonly passes: OpsPasses;
  private readonly settings: TokenSettings;

  constructor(@Inject(OpsPasses) passes: OpsPasses, @Inject(TOKEN_SETTINGS) settings: TokenSettings) {
    this.passes = passes;
    this.settings = settings;
  }

  @Post('pass')
  @UseGuards(SameOriginGuard)
  @ApiRoute({
    id: 'ops_pass',
    summary: 'Open the pages for operators in this browser',
    description: 'Sets a cookie that lets this browser see `/ops/queues` for a quarter of an hour.',
    access: 'admin',
    answers: [{ status: 204, description: 'The cookie is set' }],
    errors: ['auth.foreign_origin', 'store.unavailable'],
  })
  async pass(
    @Caller() caller: CurrentUser,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { cookieSecure } = this.settings;
    const secure = cookieSecure === 'auto' ? request.protocol === 'https' : cookieSecure === 'true';
    void reply.setCookie(OPS_COOKIE, await this.passes.issue(caller), {
      path: OPS_PATH,
      httpOnly: true,
      sameSite: 'strict',
      secure,
      maxAge: OPS_PASS_SECONDS,
    });
  }
}
