import { GpuLeaseModule, GpuLeases } from '@baton/gpu-lease';
import type { Clock } from '@baton/kernel';
import { CLOCK, PlatformModule, RedisConnections, ReplyLogWriter, provideCallClient } from '@baton/platform';
import { DatabaseModule } from '@baton/platform/database';
import { Module, type DynamicModule } from '@nestjs/common';
import { AnswersService } from './asks/answers.service.ts';
import { AsksController } from './asks/asks.controller.ts';
import { AsksService } from './asks/asks.service.ts';
import { PlansService } from './asks/plans.service.ts';
import { PreparationsService } from './asks/preparations.service.ts';
import { BATCH_SETTINGS, BatchRunner } from './batches/batch-runner.service.ts';
import { BatchesController } from './batches/batches.controller.ts';
import { BatchesRepository } from './batches/batches.repository.ts';
import { BatchesService } from './batches/batches.service.ts';
import { AnswerCache } from './cache/answer-cache.service.ts';
import { AnswersStore } from './cache/answers.store.ts';
import { AnswerFiguresRepository } from './chats/answer-figures.repository.ts';
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
import { CastingService } from './dialogues/casting.service.ts';
import { DialogueRunner } from './dialogues/dialogue-runner.service.ts';
import { DialoguesController } from './dialogues/dialogues.controller.ts';
import { DialoguesRepository } from './dialogues/dialogues.repository.ts';
import { DialoguesService } from './dialogues/dialogues.service.ts';
import { ANSWER_FIGURES } from './experiments/answer-figures.ts';
import { ExperimentsController } from './experiments/experiments.controller.ts';
import { ExperimentsRepository } from './experiments/experiments.repository.ts';
import { ExperimentsService } from './experiments/experiments.service.ts';
import { OllamaDriver } from './engines/ollama.driver.ts';
import { AnswerNowController } from './local/answer-now.controller.ts';
import { AnswerNowService } from './local/answer-now.service.ts';
import { LocalPlace } from './local/local-place.ts';
import { chatSchema } from './migrations/schema.ts';
import { ModelAdminController } from './model-admin/model-admin.controller.ts';
import { ModelAdminService } from './model-admin/model-admin.service.ts';
import { ModelKeepers } from './model-admin/model-keepers.service.ts';
import { NodeModelsClient } from './model-admin/node-models.client.ts';
import { PullsService } from './model-admin/pulls.service.ts';
import { PullsStore } from './model-admin/pulls.store.ts';
import { ModelsController } from './models/models.controller.ts';
import { ModelsService } from './models/models.service.ts';
import { ServersService } from './models/servers.service.ts';
import { GpuNodeModels } from './places/gpu-node-models.ts';
import { GpuPlace } from './places/gpu-place.ts';
import { PlacesService } from './places/places.service.ts';
import { ANSWERED_BEFORE, BEFORE_ANSWER } from './replies/answer-hooks.ts';
import { AttemptsService } from './replies/attempts.service.ts';
import { EndingsService } from './replies/endings.service.ts';
import { GenerationService } from './replies/generation.service.ts';
import { PicturesClient } from './replies/pictures.client.ts';
import { PromptsService } from './replies/prompts.service.ts';
import { RecoveryService } from './replies/recovery.service.ts';
import { RepliesController } from './replies/replies.controller.ts';
import { RepliesService } from './replies/replies.service.ts';
import { ReplyMetrics } from './replies/reply-metrics.ts';
import { SearchService } from './search/search.service.ts';
import { TavilyDriver } from './search/tavily.driver.ts';
import { WEB_SEARCH } from './search/web-search.ts';
import {
  CACHE_SETTINGS,
  CHAT_ENGINE,
  GPU_LEASES,
  IMAGE_SERVICE,
  IMAGE_SERVICE_URL,
  LOCAL_PLACE,
  LOCAL_SETTINGS,
  MODEL_ADMIN_SETTINGS,
  MODEL_SETTINGS,
  PROCESS_MANAGER,
  REPLY_SETTINGS,
  PURGE_SETTINGS,
  TITLE_SETTINGS,
} from './tokens.ts';
import { TitlesService } from './titles/titles.service.ts';

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
        AnswerNowController,
        ModelsController,
        ModelAdminController,
        ExperimentsController,
        AsksController,
        DialoguesController,
        BatchesController,
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
        NodeModelsClient,
        ModelKeepers,
        ModelAdminService,
        PullsStore,
        PullsService,
        ExperimentsRepository,
        AnswerFiguresRepository,
        { provide: ANSWER_FIGURES, useExisting: AnswerFiguresRepository },
        ExperimentsService,
        ServersService,
        PicturesClient,
        PromptsService,
        AttemptsService,
        EndingsService,
        GenerationService,
        RecoveryService,
        RepliesService,
        ReplyMetrics,
        SearchService,
        PlansService,
        PreparationsService,
        AnswersService,
        AsksService,
        CastingService,
        DialoguesRepository,
        DialogueRunner,
        DialoguesService,
        BatchesRepository,
        BatchRunner,
        BatchesService,
        { provide: BEFORE_ANSWER, useExisting: PreparationsService },
        { provide: BATCH_SETTINGS, useValue: config.batches },
        {
          provide: WEB_SEARCH,
          inject: [CLOCK],
          useFactory: (clock: Clock) => new TavilyDriver(config.webSearch, clock),
        },
        LocalPlace,
        AnswerNowService,
        AnswersStore,
        AnswerCache,
        TitlesService,
        { provide: LOCAL_PLACE, useExisting: LocalPlace },
        { provide: ANSWERED_BEFORE, useExisting: AnswerCache },
        { provide: LOCAL_SETTINGS, useValue: config.local },
        { provide: CACHE_SETTINGS, useValue: config.cache },
        { provide: TITLE_SETTINGS, useValue: config.titles },
        OllamaDriver,
        { provide: CHAT_ENGINE, useExisting: OllamaDriver },
        { provide: GPU_LEASES, useExisting: GpuLeases },
        { provide: PURGE_SETTINGS, useValue: config.purge },
        { provide: MODEL_SETTINGS, useValue: config.models },
        { provide: MODEL_ADMIN_SETTINGS, useValue: config.modelAdmin },
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
