import {
  CLOCK,
  CallClient,
  INTERNAL_SECRET,
  Log,
  Metrics,
  PlatformModule,
  RedisConnections,
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
import { Schedulers } from './loop/schedulers.ts';

const PROCESS_MANAGERS = Symbol('PROCESS_MANAGERS');

@Module({})
export class AppModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly schedulers: Schedulers;

  constructor(schedulers: Schedulers) {
    this.schedulers = schedulers;
  }

  static forRoot({ platform, scheduler }: SchedulerConfig): DynamicModule {
    const { nodes, settings, historyLimit } = scheduler;
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot({ service: 'gpu-scheduler', ...platform })],
      controllers: [GpuController],
      providers: [
        {
          provide: PROCESS_MANAGERS,
          inject: [INTERNAL_SECRET],
          useFactory: (secret: string) => new ProcessManagers(nodes, secret),
        },
        {
          provide: Schedulers,
          inject: [CLOCK, Log, RedisConnections, Metrics, PROCESS_MANAGERS],
          useFactory: (
            clock: Clock,
            log: Log,
            redis: RedisConnections,
            metrics: Metrics,
            managers: ProcessManagers,
          ) => {
            const meters = new SchedulerMeters(metrics);
            const schedulerOf = (node: string, calls: CallClient): SchedulerService =>
              new SchedulerService({
                node,
                settings,
                historyLimit,
                clock,
                log,
                redis,
                gpuNode: gpuNodeClient(calls),
                metrics: new SchedulerMetrics(meters, node),
              });
            return new Schedulers(
              new Map([...managers.clients].map(([node, calls]) => [node, schedulerOf(node, calls)])),
            );
          },
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.schedulers.start();
  }

  /** Before the platform closes the Redis connections. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.schedulers.stop();
  }
}

/** A client for the process-manager of each node; they close with the app. */
class ProcessManagers {
  readonly clients: ReadonlyMap<string, CallClient>;

  constructor(nodes: SchedulerConfig['scheduler']['nodes'], secret: string) {
    this.clients = new Map(nodes.map(({ node, address }) => [node, new CallClient({ address, secret })]));
  }

  onApplicationShutdown(): void {
    for (const client of this.clients.values()) client.close();
  }
}
