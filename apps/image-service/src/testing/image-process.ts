import { once } from 'node:events';
import { replyLogKey, type ReplyEvent } from '@baton/contracts';
import { RedisConnections, Metrics, ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import type { FakeGpu } from '@baton/gpu-lease/testing';
import { quietLog } from '@baton/testing';
import type { ObjectInfo } from '../workflows/check-workflow.ts';
import { FakeProcessManager } from './fake-process-manager.ts';
import type { Redis } from 'ioredis';
import type { DataSource } from 'typeorm';
import { FileDraftsRepository } from '../files/file-drafts.repository.ts';
import { LocalPictureStorage } from '../files/local-picture.storage.ts';
import { PictureFiles } from '../files/picture-files.service.ts';
import { GalleryRepository } from '../images/gallery.repository.ts';
import { GalleryService } from '../images/gallery.service.ts';
import { SweepService } from '../images/sweep.service.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import { QuotaService } from '../images/quota.service.ts';
import { RequestsService } from '../images/requests.service.ts';
import { AttemptsService } from '../rendering/attempts.service.ts';
import { EndingsService } from '../rendering/endings.service.ts';
import { GpuTurnsService } from '../rendering/gpu-turns.service.ts';
import { PictureStepService } from '../rendering/picture-step.service.ts';
import { PreviewShelf } from '../rendering/preview-shelf.ts';
import { LanguageStepService } from '../rendering/language-step.service.ts';
import { RecoveryService } from '../rendering/recovery.service.ts';
import { RenderMetrics } from '../rendering/render-metrics.ts';
import { RendersService } from '../rendering/renders.service.ts';
import type { FakeChatService } from './fake-chat-service.ts';
import { UploadsService } from '../images/uploads.service.ts';
import { WorkflowWatch } from '../workflows/workflow-watch.service.ts';
import { WorkflowsService } from '../workflows/workflows.service.ts';
import type { FakeImageEngine, FakePictureLanguage } from './fake-engines.ts';
import type { WorkflowSettings } from '../tokens.ts';
import { hurriedClock } from './time.ts';

const SETTINGS = {
  model: 'flux1-dev-fp8',
  silenceMs: 300_000,
  isSimulated: true,
  defaultWidth: 1_024,
  defaultHeight: 768,
  steps: 4,
  visionModel: 'llava:13b',
  modelSide: 1_024,
};
const FILES = {
  upload: { maxWidth: 4_096, maxHeight: 4_096 },
  modelSide: 1_024,
  s3: null,
  sweepEveryMs: 3_600_000,
} as const;
const WORKFLOWS = {
  files: { kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' },
  textPath: null,
  imagePath: null,
  upscalePath: null,
} as const;

export interface ImageProcessParts {
  readonly source: DataSource;
  readonly redisUrl: string;
  readonly folder: string;
  readonly gpu: FakeGpu;
  readonly chat: FakeChatService;
  readonly prompts: FakePictureLanguage;
  readonly engine: FakeImageEngine;
  readonly workflows?: Partial<WorkflowSettings>;
  readonly quotaBytes?: number;
  /** What the process-manager says about ComfyUI's nodes; null while that does not run. */
  readonly nodeClasses?: () => ObjectInfo | null;
}

/** All of image-service but its edges to other processes, put together as `app.module.ts` does. */
export class ImageProcess {
  readonly images: ImagesRepository;
  readonly requests: RequestsService;
  readonly recovery: RecoveryService;
  readonly renders: RendersService;
  readonly files: PictureFiles;
  readonly gallery: GalleryService;
  readonly uploads: UploadsService;
  readonly sweeper: SweepService;
  readonly watch: WorkflowWatch;
  readonly logs: ReplyLogWriter;
  readonly previews = new PreviewShelf();
  readonly metrics = new Metrics('image-service');
  private readonly redis: RedisConnections;
  private readonly connections: readonly Redis[];
  private readonly reader: ReplyLogReader;
  private readonly end = new AbortController();

  private constructor(parts: ImageProcessParts) {
    const { source, redisUrl, folder, gpu, chat, prompts, engine } = parts;
    this.redis = new RedisConnections(redisUrl, quietLog);
    const [writer, commands, reader] = ['writer', 'commands', 'reader'].map((name) =>
      this.redis.dedicated(name),
    ) as [Redis, Redis, Redis];
    this.connections = [this.redis.shared, writer, commands, reader];
    this.logs = new ReplyLogWriter(writer);
    this.reader = new ReplyLogReader(commands, reader);
    this.images = new ImagesRepository(source);
    const { images, logs, previews } = this;
    const turns = new GpuTurnsService(gpu, hurriedClock);
    const storage = new LocalPictureStorage(folder);
    const settings = { ...FILES, quotaBytes: parts.quotaBytes ?? 0, folder };
    const quota = new QuotaService(images, settings);
    const drafts = new FileDraftsRepository(source);
    const files = new PictureFiles(storage, settings, drafts, hurriedClock);
    const gallery = new GalleryRepository(source);
    this.gallery = new GalleryService(gallery, images, files, settings, hurriedClock);
    this.uploads = new UploadsService(files, images, this.gallery, quota, hurriedClock);
    this.sweeper = new SweepService(gallery, files, chat, settings, hurriedClock, quietLog);
    this.files = files;
    const workflows = new WorkflowsService({ ...WORKFLOWS, ...parts.workflows }, engine, quietLog);
    const language = new LanguageStepService(turns, prompts, chat, images, files, SETTINGS, quietLog);
    const picture = new PictureStepService(
      turns,
      engine,
      workflows,
      images,
      files,
      previews,
      SETTINGS,
      hurriedClock,
    );
    const attempts = new AttemptsService(language, picture, images, files, hurriedClock, quietLog);
    const endings = new EndingsService(images, chat, new RenderMetrics(this.metrics), hurriedClock, quietLog);
    this.renders = new RendersService(attempts, endings, images, logs, previews, hurriedClock, quietLog);
    const { renders } = this;
    this.recovery = new RecoveryService(images, renders, logs, chat, SETTINGS, hurriedClock, quietLog);
    const { recovery } = this;
    const node = new FakeProcessManager(parts.nodeClasses ?? (() => null));
    this.watch = new WorkflowWatch(workflows, node, this.metrics, hurriedClock, quietLog);
    this.requests = new RequestsService(
      images,
      renders,
      recovery,
      this.watch,
      quota,
      chat,
      SETTINGS,
      hurriedClock,
      quietLog,
    );
  }

  static async start(parts: ImageProcessParts): Promise<ImageProcess> {
    const started = new ImageProcess(parts);
    // ioredis leaves a timer behind when a connection is cut in the middle of its greeting: so never cut it there.
    await Promise.all(started.connections.map((connection) => connection.ping()));
    return started;
  }

  /** Every event of a request's log up to its end. */
  async events(messageId: number): Promise<ReplyEvent[]> {
    const events: ReplyEvent[] = [];
    for await (const event of this.follow(messageId)) events.push(event);
    return events;
  }

  async *follow(messageId: number): AsyncGenerator<ReplyEvent> {
    const options = { after: 0, signal: this.end.signal };
    for await (const { event } of this.reader.follow(replyLogKey(messageId), options)) yield event;
  }

  /** As on SIGTERM. */
  async shutDown(): Promise<void> {
    await Promise.all([this.recovery.onModuleDestroy(), this.renders.onModuleDestroy()]);
    await this.kill();
  }

  /** As with kill -9, as far as others can see: nothing more is written into Redis. */
  async kill(): Promise<void> {
    this.end.abort();
    const open = this.connections.filter(({ status }) => status !== 'end');
    const closed = open.map((connection) => once(connection, 'end'));
    this.reader.close();
    await this.redis.onApplicationShutdown();
    await Promise.all(closed);
  }
}
