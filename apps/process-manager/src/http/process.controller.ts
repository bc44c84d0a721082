import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Query,
  Res,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { AppError } from '@baton/kernel';
import { engineName, type EngineName, type NodeStatus } from '@baton/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EngineLogs } from '../core/engine-driver.ts';
import { OrdersStore } from '../node/orders.store.ts';
import { Runtime } from '../runtime.ts';
import { textLines } from './log-text.ts';
import { mayAsk } from './local-or-token.ts';

/** Injection token: what opens these addresses from elsewhere; null where nothing does. */
export const HTTP_TOKEN = Symbol('HTTP_TOKEN');

class LocalOrToken implements CanActivate {
  private readonly token: string | null;

  constructor(@Inject(HTTP_TOKEN) token: string | null) {
    this.token = token;
  }

  canActivate(context: ExecutionContext): boolean {
    const { raw } = context.switchToHttp().getRequest<FastifyRequest>();
    mayAsk({ address: raw.socket.remoteAddress, headers: raw.headers }, this.token);
    return true;
  }
}

const service = engineName;
const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .default('false')
  .transform((text) => text === 'true');
const serviceQuery = z.strictObject({ service });
const switchQuery = z.strictObject({ service, model: z.string().min(1).max(200).optional(), force: flag });
const logsQuery = z.strictObject({
  service,
  lines: z.coerce.number({ error: 'must be a number' }).int().min(1).max(2_000).default(200),
  follow: flag,
});

/** Each may hold a connection to Docker, or a process: who wants more has forgotten some. */
const FOLLOWERS = 16;
const LOGS_MS = 10_000;

/**
 * For people, scripts and probes on the GPU host, and for a Baton elsewhere that has this one as its external process
 * manager: hence each address also under the name that the first Baton's documents gave it.
 */
@Controller()
@UseGuards(LocalOrToken)
export class ProcessController {
  private readonly runtime: Runtime;
  private readonly orders: OrdersStore;
  private followers = 0;

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(OrdersStore) orders: OrdersStore) {
    this.runtime = runtime;
    this.orders = orders;
  }

  /** Ids of leases are keys to the engines: only their number is shown. */
  @Get(['status', 'api/process/status'])
  status(): Omit<NodeStatus, 'admitted'> & { leases: number } {
    const { admitted, ...shown } = this.runtime.node.status;
    return { ...shown, leases: admitted.length };
  }

  /** Only the scheduler decides: this puts the wish before it, and the status shows what comes of it. */
  @Post(['switch', 'api/process/switch'])
  @HttpCode(202)
  async switch(
    @Query({ schema: switchQuery }) query: z.output<typeof switchQuery>,
  ): Promise<{ order_id: string; service: EngineName }> {
    const { model, force } = query;
    if (model !== undefined && query.service !== 'ollama') {
      const issues = [{ path: 'model', message: 'is for ollama only' }];
      throw new AppError('request.invalid', {}, { issues });
    }
    const id = randomUUID();
    await this.orders.place({ id, engine: query.service, model: model ?? null, force });
    return { order_id: id, service: query.service };
  }

  @Post(['restart', 'api/process/restart'])
  @HttpCode(202)
  restart(@Query({ schema: serviceQuery }) query: z.output<typeof serviceQuery>): { service: EngineName } {
    this.runtime.restarts.begin(query.service, 'by hand');
    return { service: query.service };
  }

  /** Text, a line each, oldest first; with `follow` for as long as the client stays. */
  @Get(['logs', 'api/process/logs'])
  async logs(
    @Query({ schema: logsQuery }) query: z.output<typeof logsQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const logs = this.runtime.engines.logsOf(query.service);
    void reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-store');
    if (query.follow) {
      await this.follow(logs, query.lines, reply);
      return;
    }
    const signal = AbortSignal.timeout(LOGS_MS);
    const chunks = textLines(logs.read({ lines: query.lines, follows: false, signal }));
    let text = '';
    for await (const chunk of chunks) text += chunk;
    await reply.send(text);
  }

  private async follow(logs: EngineLogs, lines: number, reply: FastifyReply): Promise<void> {
    if (this.followers >= FOLLOWERS) throw new AppError('request.too_many', { followers: this.followers });
    // Whoever has left already will not leave again.
    if (reply.raw.destroyed) return;
    this.followers += 1;
    const gone = new AbortController();
    reply.raw.once('close', () => {
      this.followers -= 1;
      gone.abort();
    });
    const text = textLines(logs.read({ lines, follows: true, signal: gone.signal }));
    // A stream is read at the client's pace: who does not read holds up nobody.
    await reply.header('x-accel-buffering', 'no').send(Readable.from(text, { objectMode: false }));
  }
}
