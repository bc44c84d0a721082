import type { Clock } from '@baton/kernel';
import { CLOCK, Log, RedisConnections, type NodeGuard } from '@baton/platform';
import { Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { GpuLeases } from './gpu-leases.ts';

export interface GpuLeaseModuleOptions {
  /** The GPUs, each with the HTTP address of its process-manager, where the guard is. */
  readonly nodes: readonly NodeGuard[];
}

/** Provides `GpuLeases` to the whole app. Needs the PlatformModule. */
@Module({})
export class GpuLeaseModule implements BeforeApplicationShutdown {
  private readonly leases: GpuLeases;

  constructor(leases: GpuLeases) {
    this.leases = leases;
  }

  static forRoot(options: GpuLeaseModuleOptions): DynamicModule {
    return {
      module: GpuLeaseModule,
      global: true,
      providers: [
        {
          provide: GpuLeases,
          inject: [CLOCK, Log, RedisConnections],
          useFactory: (clock: Clock, log: Log, redis: RedisConnections) =>
            new GpuLeases({ ...options, clock, log, redis }),
        },
      ],
      exports: [GpuLeases],
    };
  }

  /** Before the platform closes the Redis connections. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.leases.close();
  }
}
