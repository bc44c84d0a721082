import { Inject, Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import type { Clock } from '@baton/kernel';
import { CLOCK, Log, Metrics, PlatformModule, RedisConnections } from '@baton/platform';
import type { ProcessManagerConfig } from './config.ts';
import { CallsController } from './http/calls.controller.ts';
import { ModelsController } from './http/models.controller.ts';
import { HTTP_TOKEN, ProcessController } from './http/process.controller.ts';
import { NodeEventsStore } from './node/node-events.store.ts';
import { OrdersStore } from './node/orders.store.ts';
import { Runtime } from './runtime.ts';

@Module({})
export class AppModule implements BeforeApplicationShutdown {
  private readonly runtime: Runtime;

  constructor(@Inject(Runtime) runtime: Runtime) {
    this.runtime = runtime;
  }

  static forRoot(config: ProcessManagerConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot({ service: 'process-manager', ...config.platform })],
      controllers: [CallsController, ProcessController, ModelsController],
      providers: [
        { provide: HTTP_TOKEN, useValue: config.httpToken },
        {
          provide: OrdersStore,
          inject: [RedisConnections],
          useFactory: (redis: RedisConnections) => new OrdersStore(redis.shared, config.node),
        },
        {
          provide: Runtime,
          inject: [CLOCK, Log, Metrics, RedisConnections],
          useFactory: (clock: Clock, log: Log, metrics: Metrics, redis: RedisConnections) => {
            const events = new NodeEventsStore(redis.dedicated('node-events'), config.node, log);
            return Runtime.open({ config, clock, log, metrics, tell: (event) => events.tell(event) });
          },
        },
      ],
    };
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.runtime.close();
  }
}
