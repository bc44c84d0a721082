import { GpuLeaseModule, GpuLeases } from '@baton/gpu-lease';
import { Log, PlatformModule, RedisConnections, ReplyLogWriter, provideCallClient } from '@baton/platform';
import { DatabaseModule } from '@baton/platform/database';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ImageServiceConfig } from './config.ts';
import { ComfyuiDriver } from './engines/comfyui.driver.ts';
import { ImageFilesController } from './images/image-files.controller.ts';
import { FileDraftsRepository } from './files/file-drafts.repository.ts';
import { openPictureStorage } from './files/open-picture-storage.ts';
import { PictureFiles } from './files/picture-files.service.ts';
import { GalleryController } from './images/gallery.controller.ts';
import { GalleryRepository } from './images/gallery.repository.ts';
import { GalleryService } from './images/gallery.service.ts';
import { MissingFilesService } from './images/missing-files.service.ts';
import { SweepService } from './images/sweep.service.ts';
import { ImagesController } from './images/images.controller.ts';
import { ImagesRepository } from './images/images.repository.ts';
import { QuotaService } from './images/quota.service.ts';
import { RequestsService } from './images/requests.service.ts';
import { imageSchema } from './migrations/schema.ts';
import { OllamaLanguage } from './language/ollama-language.client.ts';
import { AttemptsService } from './rendering/attempts.service.ts';
import { EndingsService } from './rendering/endings.service.ts';
import { GpuTurnsService } from './rendering/gpu-turns.service.ts';
import { PictureStepService } from './rendering/picture-step.service.ts';
import { PreviewShelf } from './rendering/preview-shelf.ts';
import { LanguageStepService } from './rendering/language-step.service.ts';
import { RecoveryService } from './rendering/recovery.service.ts';
import { RenderMetrics } from './rendering/render-metrics.ts';
import { RendersService } from './rendering/renders.service.ts';
import { UploadsController } from './images/uploads.controller.ts';
import { UploadsService } from './images/uploads.service.ts';
import {
  CHAT_SERVICE,
  FILE_SETTINGS,
  GPU_LEASES,
  IMAGE_ENGINE,
  PICTURE_STORAGE,
  LANGUAGE_SETTINGS,
  PICTURE_LANGUAGE,
  PROCESS_MANAGER,
  RENDERING_SETTINGS,
  WORKFLOW_SETTINGS,
} from './tokens.ts';
import { WorkflowWatch } from './workflows/workflow-watch.service.ts';
import { WorkflowsService } from './workflows/workflows.service.ts';

/** The only list of wiring. */
@Module({})
export class AppModule {
  static forRoot(config: ImageServiceConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({ service: 'image-service', ...config.service }),
        DatabaseModule.forRoot({ schema: imageSchema, ...config.database }),
        GpuLeaseModule.forRoot(config.gpu),
      ],
      controllers: [ImagesController, ImageFilesController, UploadsController, GalleryController],
      providers: [
        ImagesRepository,
        FileDraftsRepository,
        PictureFiles,
        QuotaService,
        UploadsService,
        GalleryRepository,
        GalleryService,
        SweepService,
        MissingFilesService,
        PreviewShelf,
        GpuTurnsService,
        LanguageStepService,
        WorkflowsService,
        WorkflowWatch,
        PictureStepService,
        AttemptsService,
        EndingsService,
        RendersService,
        RequestsService,
        RecoveryService,
        RenderMetrics,
        {
          provide: PICTURE_STORAGE,
          inject: [Log],
          useFactory: (log: Log) => openPictureStorage(config.files, log),
        },
        { provide: IMAGE_ENGINE, useClass: ComfyuiDriver },
        { provide: PICTURE_LANGUAGE, useClass: OllamaLanguage },
        { provide: GPU_LEASES, useExisting: GpuLeases },
        { provide: FILE_SETTINGS, useValue: config.files },
        { provide: LANGUAGE_SETTINGS, useValue: config.language },
        { provide: WORKFLOW_SETTINGS, useValue: config.workflows },
        { provide: RENDERING_SETTINGS, useValue: config.rendering },
        provideCallClient(CHAT_SERVICE, config.chatServiceAddress),
        config.processManagerAddress === null
          ? { provide: PROCESS_MANAGER, useValue: null }
          : provideCallClient(PROCESS_MANAGER, config.processManagerAddress),
        {
          provide: ReplyLogWriter,
          inject: [RedisConnections],
          useFactory: (redis: RedisConnections) => new ReplyLogWriter(redis.dedicated('reply-log')),
        },
      ],
    };
  }
}
