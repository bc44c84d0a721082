import { timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { Controller, Get, Header, Inject, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@baton/kernel';
import { HealthChecks, Metrics } from '@baton/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiRoute } from '../docs/api-route.ts';

export const METRICS_ACCESS = Symbol('METRICS_ACCESS');

export interface MetricsAccess {
  readonly token: string | undefined;
  /** Whether `request.ip` already is the client behind our proxies. */
  readonly trustsProxy: boolean;
}

const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });
const readiness = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(z.string(), z.enum(['ok', 'failed'])),
  })
  .meta({ id: 'Readiness', example: { status: 'ok', checks: { redis: 'ok', database: 'ok' } } });

@ApiTags('Ops')
@Controller()
export class OpsController {
  private readonly health: HealthChecks;
  private readonly metrics: Metrics;
  private readonly access: MetricsAccess;

  constructor(
    @Inject(HealthChecks) health: HealthChecks,
    @Inject(Metrics) metrics: Metrics,
    @Inject(METRICS_ACCESS) access: MetricsAccess,
  ) {
    this.health = health;
    this.metrics = metrics;
    this.access = access;
  }

  @Get('health/live')
  @ApiRoute({
    id: 'health_live',
    summary: 'This process answers',
    access: 'public',
    answers: [{ status: 200, description: 'It does', schema: liveness }],
    errors: [],
  })
  live(): z.output<typeof liveness> {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ApiRoute({
    id: 'health_ready',
    summary: 'This process has what it needs',
    access: 'public',
    answers: [
      { status: 200, description: 'Everything is there', schema: readiness },
      { status: 503, description: 'Something is missing', schema: readiness },
    ],
    errors: [],
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.health.run();
    await reply.status(report.status === 'ok' ? 200 : 503).send(report);
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiRoute({
    id: 'metrics',
    summary: 'Prometheus metrics',
    description:
      'From the machine itself and private networks, or with `Authorization: Bearer <METRICS_TOKEN>`.',
    access: 'public',
    answers: [{ status: 200, description: 'The metrics, as text', media: { 'text/plain': null } }],
    errors: ['request.not_found'],
  })
  prometheus(@Req() request: FastifyRequest): Promise<string> {
    // As if it were not there: a stranger need not know what could be read.
    if (!mayRead(request, this.access)) throw new AppError('request.not_found');
    return this.metrics.registry.metrics();
  }
}

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

function mayRead(request: FastifyRequest, { token, trustsProxy }: MetricsAccess): boolean {
  if (token !== undefined && isSame(request.headers.authorization ?? '', `Bearer ${token}`)) return true;
  // An unknown proxy on this machine makes everybody look local; what it forwards is not.
  const { forwarded, 'x-forwarded-for': forwardedFor } = request.headers;
  if (!trustsProxy && (forwarded !== undefined || forwardedFor !== undefined)) return false;
  return isPrivateAddress(request.ip);
}

export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && PRIVATE.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
