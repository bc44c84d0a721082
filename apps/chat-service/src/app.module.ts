import { GpuLeaseModule, GpuLeases } from '@baton/gpu-lease';
import { PlatformModule, RedisConnections, ReplyLogWriter, provideCallClient } from '@baton/platform';
import { DatabaseModule } from '@baton/platform/database';
import { Module, type DynamicModule } from '@nestjs/common';
import { ChatsController } from './chats/chats.controller.ts';
import { ChatsRepository } from './chats/chats.repository.ts';
import { ChatsService } from './chats/chats.service.ts';
import { ExchangesService } from './chats/exchanges.service.ts';
import { MessagesRepository } from './chats/messages.repository.ts';
import type { ChatServiceConfig } from './config.ts';
import { OllamaDriver } from './engines/ollama.driver.ts';
import { chatSchema } from './migrations/schema.ts';
import { ModelsController } from './models/models.controller.ts';
import { ModelsService } from './models/models.service.ts';
import { AttemptsService } from './replies/attempts.service.ts';
import { EndingsService } from './replies/endings.service.ts';
import { GenerationService } from './replies/generation.service.ts';
import { RecoveryService } from './replies/recovery.service.ts';
import { RepliesController } from './replies/replies.controller.ts';
import { RepliesService } from './replies/replies.service.ts';
import { ReplyMetrics } from './replies/reply-metrics.ts';
import { CHAT_ENGINE, GPU_LEASES, MODEL_SETTINGS, PROCESS_MANAGER, REPLY_SETTINGS } from './tokens.ts';

/** The only list of wiring. */
@Module({})
export class AppModule {
  static forRoot(config: ChatServiceConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({ service: 'chat-service', ...config.service }),
        DatabaseModule.forRoot({ schema: chatSchema, ...config.database }),
        GpuLeaseModule.forRoot(config.gpu),
      ],
      controllers: [ChatsController, RepliesController, ModelsController],
      providers: [
        ChatsRepository,
        MessagesRepository,
        ChatsService,
        ExchangesService,
        ModelsService,
        AttemptsService,
        EndingsService,
        GenerationService,
        RecoveryService,
        RepliesService,
        ReplyMetrics,
        OllamaDriver,
        { provide: CHAT_ENGINE, useExisting: OllamaDriver },
        { provide: GPU_LEASES, useExisting: GpuLeases },
        { provide: MODEL_SETTINGS, useValue: config.models },
        { provide: REPLY_SETTINGS, useValue: config.replies },
        provideCallClient(PROCESS_MANAGER, config.processManagerAddress),
        {
          provide: ReplyLogWriter,
          inject: [RedisConnections],
          useFactory: (redis: RedisConnections) => new ReplyLogWriter(redis.dedicated('reply-log')),
        },
      ],
    };
  }
}
