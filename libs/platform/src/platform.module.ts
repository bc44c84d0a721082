import { Module, type DynamicModule } from '@nestjs/common';
import { systemClock, type Clock } from '@baton/kernel';
import type { Logger } from 'pino';
import { HealthChecks } from './health/health-checks.ts';
import { OpsController } from './health/ops.controller.ts';
import { Log, createLogger } from './logging/log.ts';
import { Metrics } from './metrics/metrics.ts';
import { RedisConnections } from './redis/redis-connections.ts';
import { CLOCK, INTERNAL_SECRET, SERVICE_NAME } from './tokens.ts';

export interface PlatformOptions {
  readonly service: string;
  readonly redisUrl: string;
  readonly internalSecret: string;
  readonly logLevel?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** The gateway has its own routes for health and metrics. */
  readonly ops?: 'open' | 'own';
}

/** What every service has: log, clock, Redis, health, metrics, the internal secret. The only global module but one. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    const log = new Log(options.logger ?? createLogger(options.service, options.logLevel ?? 'info'));
    const provided = [
      { provide: SERVICE_NAME, useValue: options.service },
      { provide: INTERNAL_SECRET, useValue: options.internalSecret },
      { provide: CLOCK, useValue: options.clock ?? systemClock },
      { provide: Log, useValue: log },
      { provide: Metrics, useFactory: () => new Metrics(options.service) },
      { provide: HealthChecks, useFactory: () => new HealthChecks() },
      {
        provide: RedisConnections,
        inject: [HealthChecks],
        useFactory: (health: HealthChecks) => {
          const redis = new RedisConnections(options.redisUrl, log);
          health.add('redis', async () => {
            await redis.shared.ping();
          });
          return redis;
        },
      },
    ];
    return {
      module: PlatformModule,
      global: true,
      controllers: options.ops === 'own' ? [] : [OpsController],
      providers: provided,
      exports: provided.map(({ provide }) => provide),
    };
  }
}
