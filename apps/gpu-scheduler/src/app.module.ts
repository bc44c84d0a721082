import {
  CLOCK,
  CallClient,
  Log,
  Metrics,
  PlatformModule,
  RedisConnections,
  provideCallClient,
} from '@baton/platform';
import type { Clock } from '@baton/kernel';
import {
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { SchedulerConfig } from './config.ts';
import { GpuController } from './edge/gpu.controller.ts';
import { gpuNodeClient } from './loop/gpu-node.client.ts';
import { SchedulerMeters, SchedulerMetrics } from './loop/scheduler-metrics.ts';
import { SchedulerService } from './loop/scheduler.service.ts';

const PROCESS_MANAGER = Symbol('PROCESS_MANAGER');

@Module({})
export class AppModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly scheduler: SchedulerService;

  constructor(scheduler: SchedulerService) {
    this.scheduler = scheduler;
  }

  static forRoot({ platform, scheduler }: SchedulerConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot({ service: 'gpu-scheduler', ...platform })],
      controllers: [GpuController],
      providers: [
        provideCallClient(PROCESS_MANAGER, scheduler.processManager),
        {
          provide: SchedulerService,
          inject: [CLOCK, Log, RedisConnections, Metrics, PROCESS_MANAGER],
          useFactory: (
            clock: Clock,
            log: Log,
            redis: RedisConnections,
            metrics: Metrics,
            calls: CallClient,
          ) =>
            new SchedulerService({
              node: scheduler.node,
              settings: scheduler.settings,
              historyLimit: scheduler.historyLimit,
              clock,
              log,
              redis,
              gpuNode: gpuNodeClient(calls),
              metrics: new SchedulerMetrics(new SchedulerMeters(metrics), scheduler.node),
            }),
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.scheduler.start();
  }

  /** Before the platform closes the Redis connections. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.scheduler.stop();
  }
}
