import type { WaitingView } from '@baton/contracts';
import { DurationEstimates, type GpuAccess } from '@baton/gpu-lease';
import { codeOf, pause, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ExchangesService, type ReplyTask } from '../chats/exchanges.service.ts';
import type { ChatEngine, EngineMessage } from '../engines/chat-engine.ts';
import { CHAT_ENGINE, GPU_LEASES, REPLY_SETTINGS, type ReplySettings } from '../tokens.ts';
import type { ActiveReply } from './active-reply.ts';
import { answerUnderLease, laneOf } from './attempt.ts';
import { fitPrompt } from './history.ts';
import { pauseBeforeRetry } from './retry.ts';

/** What an answer takes on the GPU when none has been measured yet. */
const FIRST_GUESS_MS = 8_000;

/** Gets a reply answered: asks for the GPU, and again where that is worth it. */
@Injectable()
export class AttemptsService {
  private readonly estimates = new DurationEstimates(FIRST_GUESS_MS);
  private readonly exchanges: ExchangesService;
  private readonly gpu: GpuAccess;
  private readonly engine: ChatEngine;
  private readonly settings: ReplySettings;
  private readonly clock: Clock;

  constructor(
    exchanges: ExchangesService,
    @Inject(GPU_LEASES) gpu: GpuAccess,
    @Inject(CHAT_ENGINE) engine: ChatEngine,
    @Inject(REPLY_SETTINGS) settings: ReplySettings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.exchanges = exchanges;
    this.gpu = gpu;
    this.engine = engine;
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Null when the answer is complete, else why it is not. Tries again only while nothing of the answer was shown, and
   * not once `closing` is aborted.
   */
  async untilDecided(reply: ActiveReply, closing: AbortSignal): Promise<unknown> {
    for (;;) {
      try {
        await this.attempt(reply);
        return null;
      } catch (error) {
        if (reply.stop.signal.aborted) return reply.stop.signal.reason;
        reply.failures.push(codeOf(error));
        const pauseMs = reply.text === '' ? pauseBeforeRetry(codeOf(error), reply.failures.length) : null;
        if (pauseMs === null || closing.aborted) return error;
        const failure = await this.prepareNextAttempt(reply, pauseMs, closing);
        if (failure !== null) return failure;
      }
    }
  }

  /** Null when the next attempt can begin, under a job id of its own. */
  private async prepareNextAttempt(
    reply: ActiveReply,
    pauseMs: number,
    closing: AbortSignal,
  ): Promise<unknown> {
    reply.progress.queued();
    try {
      await pause(this.clock, pauseMs, AbortSignal.any([reply.stop.signal, closing]));
      await this.exchanges.startAttempt(reply.task.replyId, reply.attempt + 1);
      reply.attempt += 1;
      return null;
    } catch (failure) {
      return reply.stop.signal.aborted ? reply.stop.signal.reason : failure;
    }
  }

  /** Read while the job waits for its turn, not before it is on its way, and not only once the GPU is ours. */
  private async readPrompt(task: ReplyTask): Promise<EngineMessage[]> {
    await new Promise(setImmediate);
    return fitPrompt({
      systemPrompt: task.systemPrompt,
      newestFirst: this.exchanges.before(task.chatId, task.replyId),
      contextLength: this.settings.contextLength,
      maxTokens: task.maxTokens,
    });
  }

  private async attempt(reply: ActiveReply): Promise<void> {
    const { task } = reply;
    const messages = this.readPrompt(task);
    messages.catch(() => undefined);
    const job = {
      lane: laneOf(task.model),
      kind: 'reply',
      userId: task.userId,
      messageId: task.replyId,
      chatId: task.chatId,
      estimateMs: this.estimates.of(task.model),
    } as const;
    const use = { engine: this.engine, settings: this.settings, clock: this.clock };
    const onWaiting = (view: WaitingView): void => reply.progress.waiting(view, task.model);
    const held: Promise<void>[] = [];
    const leased = this.gpu.withLease(
      { jobId: reply.jobId, job, signal: reply.stop.signal, onWaiting },
      (lease) => {
        held[0] = answerUnderLease(reply, lease, messages, use);
        return held[0];
      },
    );
    try {
      // Whoever pressed Stop sees it at once; giving the place in the queue back may take Redis a while longer.
      await unlessAborted(leased, reply.stop.signal);
    } finally {
      await Promise.allSettled(held);
    }
    const last = reply.timeline.at(-1);
    if (last !== undefined) this.estimates.learn(task.model, last.total_ms - last.queued_ms);
  }
}

/** What `work` comes to, or the signal's reason as soon as it is aborted. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
