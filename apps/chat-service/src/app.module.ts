import { GpuLeaseModule, GpuLeases } from '@baton/gpu-lease';
import { PlatformModule, RedisConnections, ReplyLogWriter, provideCallClient } from '@baton/platform';
import { DatabaseModule } from '@baton/platform/database';
import { Module, type DynamicModule } from '@nestjs/common';
import { BranchesRepository } from './chats/branches.repository.ts';
import { ChatsController } from './chats/chats.controller.ts';
import { ChatsRepository } from './chats/chats.repository.ts';
import { ChatsService } from './chats/chats.service.ts';
import { ExchangesService } from './chats/exchanges.service.ts';
import { MessagesController } from './chats/messages.controller.ts';
import { MessagesRepository } from './chats/messages.repository.ts';
import { MessagesService } from './chats/messages.service.ts';
import { PurgeRepository } from './chats/purge.repository.ts';
import { PurgeService } from './chats/purge.service.ts';
import { TransfersController } from './chats/transfers.controller.ts';
import { TransfersService } from './chats/transfers.service.ts';
import type { ChatServiceConfig } from './config.ts';
import { OllamaDriver } from './engines/ollama.driver.ts';
import { chatSchema } from './migrations/schema.ts';
import { ModelsController } from './models/models.controller.ts';
import { ModelsService } from './models/models.service.ts';
import { ServersService } from './models/servers.service.ts';
import { GpuNodeModels } from './places/gpu-node-models.ts';
import { GpuPlace } from './places/gpu-place.ts';
import { PlacesService } from './places/places.service.ts';
import { AttemptsService } from './replies/attempts.service.ts';
import { EndingsService } from './replies/endings.service.ts';
import { GenerationService } from './replies/generation.service.ts';
import { PicturesClient } from './replies/pictures.client.ts';
import { PromptsService } from './replies/prompts.service.ts';
import { RecoveryService } from './replies/recovery.service.ts';
import { RepliesController } from './replies/replies.controller.ts';
import { RepliesService } from './replies/replies.service.ts';
import { ReplyMetrics } from './replies/reply-metrics.ts';
import {
  CHAT_ENGINE,
  GPU_LEASES,
  IMAGE_SERVICE,
  IMAGE_SERVICE_URL,
  MODEL_SETTINGS,
  PROCESS_MANAGER,
  REPLY_SETTINGS,
  PURGE_SETTINGS,
} from './tokens.ts';

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
      controllers: [
        ChatsController,
        MessagesController,
        TransfersController,
        RepliesController,
        ModelsController,
      ],
      providers: [
        ChatsRepository,
        MessagesRepository,
        BranchesRepository,
        MessagesService,
        PurgeRepository,
        PurgeService,
        TransfersService,
        ChatsService,
        ExchangesService,
        GpuNodeModels,
        GpuPlace,
        PlacesService,
        ModelsService,
        ServersService,
        PicturesClient,
        PromptsService,
        AttemptsService,
        EndingsService,
        GenerationService,
        RecoveryService,
        RepliesService,
        ReplyMetrics,
        OllamaDriver,
        { provide: CHAT_ENGINE, useExisting: OllamaDriver },
        { provide: GPU_LEASES, useExisting: GpuLeases },
        { provide: PURGE_SETTINGS, useValue: config.purge },
        { provide: MODEL_SETTINGS, useValue: config.models },
        { provide: REPLY_SETTINGS, useValue: config.replies },
        { provide: IMAGE_SERVICE_URL, useValue: config.imageService.url },
        provideCallClient(PROCESS_MANAGER, config.processManagerAddress),
        provideCallClient(IMAGE_SERVICE, config.imageService.address),
        {
          provide: ReplyLogWriter,
          inject: [RedisConnections],
          useFactory: (redis: RedisConnections) => new ReplyLogWriter(redis.dedicated('reply-log')),
        },
      ],
    };
  }
}
