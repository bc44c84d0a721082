import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PlatformModule, RedisConnections, ReplyLogReader, provideCallClient } from '@baton/platform';
import { DatabaseModule } from '@baton/platform/database';
import { AccessGuard, RolesGuard } from './auth/access.guard.ts';
import { AccessTokens, TOKEN_SETTINGS, type TokenSettings } from './auth/access-tokens.service.ts';
import { AuthController } from './auth/auth.controller.ts';
import { AuthService, REGISTRATION } from './auth/auth.service.ts';
import { jwtSecret } from './auth/jwt-secret.ts';
import { JwtStrategy } from './auth/jwt-strategy.ts';
import { Passwords } from './auth/passwords.service.ts';
import { RefreshTokensRepository } from './auth/refresh-tokens.repository.ts';
import { ALLOWED_ORIGINS, SameOriginGuard } from './auth/same-origin.guard.ts';
import { AskController } from './chat/ask.controller.ts';
import { AskedAnswers } from './chat/asked-answers.service.ts';
import { BatchesController } from './chat/batches.controller.ts';
import { DialogueStreamService } from './chat/dialogue-stream.service.ts';
import { DialoguesController } from './chat/dialogues.controller.ts';
import { SessionsController } from './chat/sessions.controller.ts';
import { ChatsController } from './chats/chats.controller.ts';
import { MessagesController } from './chats/messages.controller.ts';
import { TransfersController } from './chats/transfers.controller.ts';
import type { GatewayConfig } from './config.ts';
import { EnginesController } from './gpu/engines.controller.ts';
import { GpuController } from './gpu/gpu.controller.ts';
import { GpuFeed, NODE } from './gpu/gpu-feed.service.ts';
import { ProcessController } from './gpu/process.controller.ts';
import { ProcessManagers } from './gpu/process-managers.client.ts';
import { METRICS_ACCESS, OpsController, type MetricsAccess } from './health/ops.controller.ts';
import {
  DEFAULT_PICTURE_TRANSFERS,
  IMAGE_SERVICE_URL,
  ImageFilesClient,
  PICTURE_TRANSFERS,
} from './images/image-files.client.ts';
import { MadeImages } from './images/made-images.service.ts';
import { ImageLinks } from './images/image-links.service.ts';
import { ImagesController } from './images/images.controller.ts';
import { UPLOAD_BYTES, UploadsController } from './images/uploads.controller.ts';
import { ATTEMPT_LIMITS, AttemptLimits } from './limits/attempt-limits.service.ts';
import { RequestLimitGuard } from './limits/request-limit.guard.ts';
import { REQUESTS_PER_MINUTE, RequestLimits } from './limits/request-limits.service.ts';
import { ExperimentsController } from './models/experiments.controller.ts';
import { ModelServersController } from './models/model-servers.controller.ts';
import { PullsController } from './models/pulls.controller.ts';
import { OpsPassController } from './ops/ops-pass.controller.ts';
import { OpsPasses } from './ops/ops-pass.service.ts';
import { ChatStopsController } from './replies/chat-stops.controller.ts';
import { LogStreamService } from './replies/log-stream.service.ts';
import { RepliesController } from './replies/replies.controller.ts';
import { ReplyStops } from './replies/reply-stops.service.ts';
import { ReplyStreamService } from './replies/reply-stream.service.ts';
import { gatewaySchema } from './schema.ts';
import { CHAT_SERVICE, GPU_SCHEDULER, IMAGE_SERVICE } from './services.ts';
import { EventStreams } from './sse/event-streams.service.ts';
import { DEFAULT_EVENT_STREAMS, EVENT_STREAM_SETTINGS, StreamSlots } from './sse/stream-slots.service.ts';
import { UsersRepository } from './users/users.repository.ts';
import { UsersService } from './users/users.service.ts';
import { EventSockets } from './ws/event-sockets.service.ts';

@Module({})
export class AppModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({
          service: config.service,
          redisUrl: config.redisUrl,
          internalSecret: config.internalSecret,
          logLevel: config.logLevel,
          ops: 'own',
        }),
        DatabaseModule.forRoot({ schema: gatewaySchema, ...config.database }),
      ],
      controllers: [
        AuthController,
        ChatsController,
        MessagesController,
        TransfersController,
        RepliesController,
        ChatStopsController,
        AskController,
        SessionsController,
        DialoguesController,
        BatchesController,
        ModelServersController,
        PullsController,
        ExperimentsController,
        UploadsController,
        ImagesController,
        GpuController,
        ProcessController,
        EnginesController,
        OpsController,
        OpsPassController,
      ],
      providers: [
        ...settings(config),
        provideCallClient(CHAT_SERVICE, config.services.chat),
        provideCallClient(IMAGE_SERVICE, config.services.image),
        provideCallClient(GPU_SCHEDULER, config.services.scheduler),
        {
          provide: ProcessManagers,
          useFactory: () => new ProcessManagers(config.services.processManagers, config.internalSecret),
        },
        {
          provide: ReplyLogReader,
          inject: [RedisConnections],
          useFactory: (redis: RedisConnections) =>
            new ReplyLogReader(redis.dedicated('reply-logs'), redis.dedicated('reply-log-shards')),
        },
        UsersRepository,
        UsersService,
        Passwords,
        AccessTokens,
        RefreshTokensRepository,
        JwtStrategy,
        AuthService,
        AttemptLimits,
        RequestLimits,
        SameOriginGuard,
        StreamSlots,
        EventStreams,
        LogStreamService,
        ReplyStreamService,
        ReplyStops,
        AskedAnswers,
        DialogueStreamService,
        EventSockets,
        GpuFeed,
        ImageFilesClient,
        ImageLinks,
        MadeImages,
        OpsPasses,
        // In this order: who is it, may they, not too often.
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_GUARD, useClass: RolesGuard },
        { provide: APP_GUARD, useClass: RequestLimitGuard },
      ],
    };
  }
}

function settings({ tokens, http, limits, ...config }: GatewayConfig): Provider[] {
  const { secret, secretFile, ...rest } = tokens;
  return [
    {
      provide: TOKEN_SETTINGS,
      useFactory: (): TokenSettings => ({ ...rest, secret: jwtSecret(secret, secretFile) }),
    },
    { provide: REGISTRATION, useValue: config.registration },
    { provide: ALLOWED_ORIGINS, useValue: http.corsOrigins },
    { provide: ATTEMPT_LIMITS, useValue: limits },
    { provide: REQUESTS_PER_MINUTE, useValue: limits.requestsPerMinute },
    {
      provide: EVENT_STREAM_SETTINGS,
      useValue: { ...DEFAULT_EVENT_STREAMS, perUser: limits.streamsPerUser },
    },
    { provide: UPLOAD_BYTES, useValue: config.uploadBytes },
    { provide: IMAGE_SERVICE_URL, useValue: config.services.imageFiles },
    { provide: PICTURE_TRANSFERS, useValue: { ...DEFAULT_PICTURE_TRANSFERS } },
    { provide: NODE, useValue: config.nodes[0] },
    {
      provide: METRICS_ACCESS,
      useValue: {
        token: config.metricsToken,
        trustsProxy: http.trustProxy !== false,
      } satisfies MetricsAccess,
    },
  ];
}
