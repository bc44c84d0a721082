import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Metrics } from '../metrics/metrics.ts';
import { HealthChecks } from './health-checks.ts';

/** Health and metrics of a service that is not the gateway; the gateway puts its own rules in front of the same data. */
@Controller()
export class OpsController {
  private readonly health: HealthChecks;
  private readonly metrics: Metrics;

  constructor(@Inject(HealthChecks) health: HealthChecks, @Inject(Metrics) metrics: Metrics) {
    this.health = health;
    this.metrics = metrics;
  }

  @Get('health/live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.health.run();
    await reply.status(report.status === 'ok' ? 200 : 503).send(report);
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
