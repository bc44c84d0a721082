import { once } from 'node:events';
import {
  checkImages,
  listEngineModels,
  replyLogKey,
  type EngineModel,
  type ReplyEvent,
} from '@baton/contracts';
import type { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError, systemClock, type Clock } from '@baton/kernel';
import { Metrics, RedisConnections, ReplyLogReader, ReplyLogWriter, type CallClient } from '@baton/platform';
import type { Redis } from 'ioredis';
import type { DataSource } from 'typeorm';
import { BranchesRepository } from '../chats/branches.repository.ts';
import { ChatsController } from '../chats/chats.controller.ts';
import { ChatsRepository } from '../chats/chats.repository.ts';
import { ChatsService } from '../chats/chats.service.ts';
import { ExchangesService } from '../chats/exchanges.service.ts';
import { MessagesController } from '../chats/messages.controller.ts';
import { MessagesRepository } from '../chats/messages.repository.ts';
import { MessagesService } from '../chats/messages.service.ts';
import { OllamaDriver } from '../engines/ollama.driver.ts';
import { ModelsService } from '../models/models.service.ts';
import type { AnswerPlace } from '../places/answer-place.ts';
import { GpuNodeModels } from '../places/gpu-node-models.ts';
import { GpuPlace } from '../places/gpu-place.ts';
import type { Instance, Profile } from '../places/instances.ts';
import { PlacesService } from '../places/places.service.ts';
import type { AnsweredBefore, BeforeAnswer } from '../replies/answer-hooks.ts';
import { AttemptsService } from '../replies/attempts.service.ts';
import { EndingsService } from '../replies/endings.service.ts';
import { GenerationService } from '../replies/generation.service.ts';
import { PicturesClient } from '../replies/pictures.client.ts';
import { PromptsService } from '../replies/prompts.service.ts';
import { RecoveryService } from '../replies/recovery.service.ts';
import { RepliesService } from '../replies/replies.service.ts';
import { ReplyMetrics } from '../replies/reply-metrics.ts';
import { quietLog } from './databases.ts';

/** Pauses before retries and the like pass fifty times as fast; time itself is real. */
export const hurriedClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 50, run) };
/** Servers get more time: a busy test machine is no server that is down. */
const placesClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 8, run) };

const SETTINGS = { contextLength: 2_048, keepAlive: -1, firstTokenMs: 600_000, stallMs: 600_000 };

export function engineModel(name: string, capabilities = ['completion']): EngineModel {
  return {
    name,
    digest: 'd'.repeat(64),
    size_bytes: 1_000,
    family: 'gptoss',
    parameter_size: '20B',
    quantization: 'Q4_K_M',
    context_length: 8_192,
    capabilities,
  };
}

/** A process-manager that knows these models; null is one that is not there. */
export function processManagerWith(models: readonly EngineModel[] | null): Pick<CallClient, 'call'> {
  return {
    call: (contract) => {
      if (models === null || contract.name !== listEngineModels.name) {
        return Promise.reject(new AppError('call.unreachable'));
      }
      return Promise.resolve(
        contract.reply.parse({ source: 'live', at_ms: 0, simulated: true, models }) as never,
      );
    },
  };
}

/** An image-service that says of these pictures that they are the user's. */
function imageServiceWith(ids: readonly number[]): Pick<CallClient, 'call'> {
  return {
    call: (contract, payload) => {
      const { imageIds: wanted } = checkImages.request.parse(payload);
      if (wanted.some((id) => !ids.includes(id))) return Promise.reject(new AppError('image.not_found'));
      const images = wanted.map((image_id) => ({ image_id, width: 64, height: 64 }));
      return Promise.resolve(contract.reply.parse({ images }) as never);
    },
  };
}

export interface ChatProcessOptions {
  readonly source: DataSource;
  readonly redisUrl: string;
  readonly gpu: FakeGpu;
  readonly models?: readonly EngineModel[];
  readonly mainProfiles?: readonly Profile[];
  /** Servers elsewhere. */
  readonly instances?: readonly Instance[];
  readonly local?: AnswerPlace;
  /** Does not wait until the servers were looked at. */
  readonly isHasty?: boolean;
  readonly before?: BeforeAnswer;
  readonly answeredBefore?: AnsweredBefore;
  /** A server of picture bytes, and the pictures that it has for everybody. */
  readonly pictures?: { readonly url: string; readonly ids: readonly number[] };
}

/** All of chat-service but its edges to other processes, put together as `app.module.ts` does. */
export class ChatProcess {
  readonly chats: ChatsController;
  readonly messages: MessagesController;
  readonly images: ChatsService;
  readonly replies: RepliesService;
  readonly exchanges: ExchangesService;
  readonly logs: ReplyLogWriter;
  readonly recovery: RecoveryService;
  readonly models: ModelsService;
  readonly metrics = new Metrics('chat-service');
  readonly generation: GenerationService;
  readonly endings: EndingsService;
  readonly places: PlacesService;
  private readonly pictures: PicturesClient;
  private readonly driver = new OllamaDriver(hurriedClock);
  private readonly redis: RedisConnections;
  private readonly connections: readonly Redis[];
  private readonly reader: ReplyLogReader;
  private readonly end = new AbortController();

  private constructor(options: ChatProcessOptions) {
    const { source, redisUrl, before = null, answeredBefore = null, pictures } = options;
    this.redis = new RedisConnections(redisUrl, quietLog);
    const [writer, commands, reader] = ['writer', 'commands', 'reader'].map((name) =>
      this.redis.dedicated(name),
    ) as [Redis, Redis, Redis];
    this.connections = [this.redis.shared, writer, commands, reader];
    this.logs = new ReplyLogWriter(writer);
    this.reader = new ReplyLogReader(commands, reader);
    const messages = new MessagesRepository(source);
    const repository = new ChatsRepository(source);
    const branches = new BranchesRepository(source);
    ({ places: this.places, models: this.models } = this.makePlaces(options));
    this.pictures = new PicturesClient(imageServiceWith(pictures?.ids ?? []), pictures?.url ?? '', 'secret');
    this.exchanges = new ExchangesService(repository, messages, branches, this.models, hurriedClock);
    const prompts = new PromptsService(this.exchanges, this.models, this.pictures, SETTINGS);
    const attempts = new AttemptsService(
      this.exchanges,
      this.places,
      this.models,
      prompts,
      SETTINGS,
      hurriedClock,
      before,
      answeredBefore,
    );
    this.endings = new EndingsService(this.exchanges, hurriedClock, quietLog, new ReplyMetrics(this.metrics));
    this.generation = new GenerationService(this.logs, attempts, this.endings, hurriedClock, quietLog);
    this.recovery = new RecoveryService(this.exchanges, this.generation, this.logs, hurriedClock, quietLog);
    this.replies = new RepliesService(this.exchanges, this.generation, this.recovery, this.pictures);
    this.images = new ChatsService(repository, messages, branches, this.models, hurriedClock);
    this.chats = asCalled(new ChatsController(this.images, this.generation));
    const edits = new MessagesService(repository, hurriedClock);
    this.messages = asCalled(new MessagesController(edits, this.images, this.replies, this.generation));
  }

  private makePlaces(options: ChatProcessOptions): { places: PlacesService; models: ModelsService } {
    const { gpu, models = [engineModel('gpt-oss:20b')], instances = [], mainProfiles = [] } = options;
    const settings = {
      defaultModel: 'gpt-oss:20b',
      mainUrl: 'http://127.0.0.1:11434',
      mainMaxConcurrent: 1,
      mainProfiles,
      instances,
    };
    const node = new GpuNodeModels(processManagerWith(models), hurriedClock, quietLog);
    const main = new GpuPlace(gpu, this.driver, node, settings, hurriedClock);
    const { local = null } = options;
    const places = new PlacesService(main, node, settings, placesClock, quietLog, this.metrics, local);
    return { places, models: new ModelsService(places, settings) };
  }

  static async start(options: ChatProcessOptions): Promise<ChatProcess> {
    const started = new ChatProcess(options);
    started.places.onApplicationBootstrap();
    const looks = started.places.all.map((place) => place.look());
    await Promise.all([...(options.isHasty === true ? [] : looks), started.connected()]);
    return started;
  }

  /** ioredis leaves a timer behind when a connection is cut in the middle of its greeting: so never cut it there. */
  async connected(): Promise<void> {
    await this.redis.shared.ping();
  }

  /** Every event of a reply's log up to its end. */
  async events(replyId: number): Promise<ReplyEvent[]> {
    const events: ReplyEvent[] = [];
    for await (const event of this.follow(replyId)) events.push(event);
    return events;
  }

  async *follow(replyId: number): AsyncGenerator<ReplyEvent> {
    const options = { after: 0, signal: this.end.signal };
    for await (const { event } of this.reader.follow(replyLogKey(replyId), options)) yield event;
  }

  /** As on SIGTERM. */
  async shutDown(): Promise<void> {
    this.recovery.onModuleDestroy();
    await this.generation.onModuleDestroy();
    await this.kill();
  }

  /** As with kill -9: nothing more is written anywhere. */
  async kill(): Promise<void> {
    this.end.abort();
    const open = this.connections.filter(({ status }) => status !== 'end');
    const closed = open.map((connection) => once(connection, 'end'));
    this.reader.close();
    await this.redis.onApplicationShutdown();
    await Promise.all(closed);
    this.places.onModuleDestroy();
    await this.places.onApplicationShutdown();
    await this.pictures.onApplicationShutdown();
    await this.driver.onApplicationShutdown();
  }
}

/** A controller's methods take the envelope of a call: this puts the request into one, as the TCP edge does. */
function asCalled<Controller extends object>(controller: Controller): Controller {
  return new Proxy(controller, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (payload: unknown): unknown =>
        method.call(target, { secret: 'secret', correlationId: 'test-correlation', payload });
    },
  });
}
