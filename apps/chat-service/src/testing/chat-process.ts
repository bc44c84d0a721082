import { once } from 'node:events';
import { replyLogKey, type EngineModel, type ReplyEvent } from '@baton/contracts';
import type { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError, systemClock, type Clock } from '@baton/kernel';
import { Metrics, RedisConnections, ReplyLogReader, ReplyLogWriter, type CallClient } from '@baton/platform';
import type { Redis } from 'ioredis';
import type { DataSource } from 'typeorm';
import { ChatsController } from '../chats/chats.controller.ts';
import { ChatsRepository } from '../chats/chats.repository.ts';
import { ChatsService } from '../chats/chats.service.ts';
import { ExchangesService } from '../chats/exchanges.service.ts';
import { MessagesRepository } from '../chats/messages.repository.ts';
import { OllamaDriver } from '../engines/ollama.driver.ts';
import { ModelsService } from '../models/models.service.ts';
import { AttemptsService } from '../replies/attempts.service.ts';
import { EndingsService } from '../replies/endings.service.ts';
import { GenerationService } from '../replies/generation.service.ts';
import { RecoveryService } from '../replies/recovery.service.ts';
import { RepliesService } from '../replies/replies.service.ts';
import { ReplyMetrics } from '../replies/reply-metrics.ts';
import { quietLog } from './databases.ts';

/** Pauses before retries and the like pass fifty times as fast; time itself is real. */
const hurriedClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 50, run) };

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
      if (models === null) return Promise.reject(new AppError('call.unreachable'));
      return Promise.resolve(
        contract.reply.parse({ source: 'live', at_ms: 0, simulated: true, models }) as never,
      );
    },
  };
}

export interface ChatProcessOptions {
  readonly source: DataSource;
  readonly redisUrl: string;
  readonly gpu: FakeGpu;
  readonly models?: readonly EngineModel[];
}

/** All of chat-service but its edges to other processes, put together as `app.module.ts` does. */
export class ChatProcess {
  readonly chats: ChatsController;
  readonly images: ChatsService;
  readonly replies: RepliesService;
  readonly exchanges: ExchangesService;
  readonly logs: ReplyLogWriter;
  readonly recovery: RecoveryService;
  private readonly models: ModelsService;
  readonly metrics = new Metrics('chat-service');
  private readonly generation: GenerationService;
  private readonly driver = new OllamaDriver(hurriedClock);
  private readonly redis: RedisConnections;
  private readonly connections: readonly Redis[];
  private readonly reader: ReplyLogReader;
  private readonly end = new AbortController();

  private constructor({ source, redisUrl, gpu, models = [engineModel('gpt-oss:20b')] }: ChatProcessOptions) {
    this.redis = new RedisConnections(redisUrl, quietLog);
    const [writer, commands, reader] = ['writer', 'commands', 'reader'].map((name) =>
      this.redis.dedicated(name),
    ) as [Redis, Redis, Redis];
    this.connections = [this.redis.shared, writer, commands, reader];
    this.logs = new ReplyLogWriter(writer);
    this.reader = new ReplyLogReader(commands, reader);
    const messages = new MessagesRepository(source);
    const repository = new ChatsRepository(source);
    this.models = new ModelsService(
      processManagerWith(models),
      { defaultModel: 'gpt-oss:20b' },
      hurriedClock,
      quietLog,
    );
    const replyMetrics = new ReplyMetrics(this.metrics);
    this.exchanges = new ExchangesService(repository, messages, this.models, hurriedClock);
    const attempts = new AttemptsService(this.exchanges, gpu, this.driver, SETTINGS, hurriedClock);
    const endings = new EndingsService(this.exchanges, hurriedClock, quietLog, replyMetrics);
    this.generation = new GenerationService(this.logs, attempts, endings, hurriedClock, quietLog);
    this.recovery = new RecoveryService(this.exchanges, this.generation, this.logs, hurriedClock, quietLog);
    this.replies = new RepliesService(this.exchanges, this.generation, this.recovery);
    this.images = new ChatsService(repository, messages, hurriedClock);
    this.chats = asCalled(new ChatsController(this.images, this.generation));
  }

  static async start(options: ChatProcessOptions): Promise<ChatProcess> {
    const started = new ChatProcess(options);
    await Promise.all([started.models.refresh(), started.connected()]);
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
