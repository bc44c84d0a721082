import { timingSafeEqual } from 'node:crypto';
import { Body, Controller, Headers, Inject, Post, Res } from '@nestjs/common';
import { INTERNAL_HEADERS, PULL_PATH, enginePullBody } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { INTERNAL_SECRET } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Runtime } from '../runtime.ts';

/** Downloads for chat-service, which quotes the internal secret: an answer that comes bit by bit is no call. */
@Controller()
export class ModelsController {
  private readonly runtime: Runtime;
  private readonly secret: Buffer;

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(INTERNAL_SECRET) secret: string) {
    this.runtime = runtime;
    this.secret = Buffer.from(secret);
  }

  @Post(PULL_PATH)
  async pull(
    @Headers(INTERNAL_HEADERS.secret) secret: string | undefined,
    @Body({ schema: enginePullBody }) { model }: z.output<typeof enginePullBody>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.mustBeInternal(secret);
    const url = this.runtime.engines.urlOf('ollama');
    if (url === null) throw new AppError('engine.unavailable', { engine: 'ollama' });
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const lines = await this.runtime.engines.ollama.pull(url, model, gone.signal);
    lines.once('close', () => this.runtime.models.forget());
    await reply.status(200).header('content-type', 'application/x-ndjson').send(lines);
  }

  /** Whoever is not one of us learns no more than that there is nothing here. */
  private mustBeInternal(secret: string | undefined): void {
    const given = Buffer.from(secret ?? '');
    if (given.length === this.secret.length && timingSafeEqual(given, this.secret)) return;
    throw new AppError('request.not_found');
  }
}
