import { DEFAULT_OLLAMA_INSTANCE } from '@baton/contracts';
import { causeUnderLease, type GpuAccess } from '@baton/gpu-lease';
import type { Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { ChatEngine } from '../engines/chat-engine.ts';
import { CHAT_ENGINE, GPU_LEASES, MODEL_SETTINGS, type ModelSettings } from '../tokens.ts';
import type { AnswerPlace, Seat, SeatRequest, ServerView } from './answer-place.ts';
import { GpuNodeModels } from './gpu-node-models.ts';

/** The Ollama of the GPU nodes: behind the guard, under a lease, in the queue that the scheduler keeps. */
@Injectable()
export class GpuPlace implements AnswerPlace {
  readonly server = DEFAULT_OLLAMA_INSTANCE;
  readonly kind = 'gpu';
  readonly engineName = 'ollama';
  readonly engine: ChatEngine;
  private readonly gpu: GpuAccess;
  private readonly models: GpuNodeModels;
  private readonly settings: ModelSettings;
  private readonly clock: Clock;
  /** Ids of jobs. */
  private readonly running = new Set<string>();
  private readonly waiting = new Set<string>();

  constructor(
    @Inject(GPU_LEASES) gpu: GpuAccess,
    @Inject(CHAT_ENGINE) engine: ChatEngine,
    models: GpuNodeModels,
    @Inject(MODEL_SETTINGS) settings: ModelSettings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.gpu = gpu;
    this.engine = engine;
    this.models = models;
    this.settings = settings;
    this.clock = clock;
  }

  view(): ServerView {
    const { state, checkedAtMs, errorCode, simulated, models, isListCertain } = this.models.current;
    const { mainUrl, mainProfiles, mainMaxConcurrent } = this.settings;
    return {
      id: this.server,
      place: this.kind,
      url: mainUrl,
      state,
      // The scheduler and the guard keep work from an engine that fails; there is no second breaker before theirs.
      breaker: 'closed',
      checked_at: checkedAtMs === null ? null : new Date(checkedAtMs).toISOString(),
      error_code: errorCode,
      simulated,
      capabilities: [...new Set(mainProfiles.flatMap(({ capabilities }) => capabilities))],
      default_model: mainProfiles.find(({ model }) => model !== null)?.model ?? null,
      max_concurrent: mainMaxConcurrent,
      running: this.running.size,
      waiting: this.waiting.size,
      models: [...models],
      isListCertain,
    };
  }

  look(): Promise<void> {
    return this.models.read();
  }

  async use<T>(request: SeatRequest, work: (seat: Seat) => Promise<T>): Promise<T> {
    const { jobId, model, userId, replyId, chatId, estimateMs, urgency, signal, onWaiting, onFreed } =
      request;
    this.waiting.add(jobId);
    try {
      return await this.gpu.withLease(
        {
          jobId,
          job: {
            lane: { engine: 'ollama', instance: this.server, model },
            kind: 'reply',
            userId,
            messageId: replyId,
            chatId,
            estimateMs,
            urgency,
          },
          signal,
          onWaiting,
          ...(onFreed === undefined ? {} : { onEnded: ({ isQuiet }) => onFreed({ isQuiet }) }),
        },
        (lease) => {
          this.waiting.delete(jobId);
          this.running.add(jobId);
          return work({
            door: { ...lease.guard, signal: AbortSignal.any([lease.signal, signal]) },
            timeline: lease.timeline,
            heard: () => undefined,
            causeOf: (error) => causeUnderLease(error, lease, this.clock),
          });
        },
      );
    } finally {
      this.waiting.delete(jobId);
      this.running.delete(jobId);
    }
  }
}
