import { finishImageMessage, replyLogKey, timelineEntry, type EndEvent } from '@baton/contracts';
import { AppError, ERRORS, codeOf, isErrorCode, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, ReplyLogWriter, type CallClient, type ReplyLog } from '@baton/platform';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import type { ImageRequestRow } from '../images/image-request.entity.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import { CHAT_SERVICE } from '../tokens.ts';
import { ActiveRender } from './active-render.ts';
import { PreviewShelf } from './preview-shelf.ts';
import { RenderMetrics } from './render-metrics.ts';
import { RenderSteps } from './render-steps.ts';

const MAX_ATTEMPTS = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

interface Running {
  readonly render: ActiveRender;
  readonly ended: Promise<void>;
}

/** Carries image requests out, from the queue to the stored end. One instance per process knows all under way. */
@Injectable()
export class RendersService implements BeforeApplicationShutdown {
  private readonly running = new Map<number, Running>();
  private readonly closing = new AbortController();

  constructor(
    private readonly steps: RenderSteps,
    private readonly images: ImagesRepository,
    private readonly logs: ReplyLogWriter,
    private readonly previews: PreviewShelf,
    private readonly metrics: RenderMetrics,
    private readonly log: Log,
    @Inject(CHAT_SERVICE) private readonly chat: CallClient,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Starts a new request in the background. */
  start(request: ImageRequestRow): void {
    this.follow(new ActiveRender(request, this.logs.open(replyLogKey(request.messageId))));
  }

  /** Goes on with a request that an earlier process left; its log goes on where it is. */
  adopt(request: ImageRequestRow, log: ReplyLog): void {
    this.follow(new ActiveRender(request, log));
  }

  /** Tells how a request ended that was stored as ended before its process died. */
  async reportAgain(request: ImageRequestRow, log: ReplyLog): Promise<void> {
    const render = new ActiveRender(request, log);
    for (const { id, width, height } of await this.images.imagesOf(request.messageId)) {
      render.attachments.push({ image_id: id, width, height });
    }
    render.timeline.push(...z.array(timelineEntry).catch([]).parse(request.timeline));
    const end = endEventOf(render, failureOf(request));
    await this.tellChat(request.messageId, end, render);
    log.append(end);
    await log.close();
  }

  /** Stops a request; does nothing for one that is not under way. */
  async stop(messageId: number): Promise<void> {
    const running = this.running.get(messageId);
    if (running === undefined) return;
    running.render.stop.abort(new AppError('gpu.job_cancelled', { messageId }));
    await running.ended;
  }

  /** What is under way stays stored as it is, and the next process goes on with it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    for (const { render } of this.running.values()) {
      render.stop.abort(new AppError('image.interrupted', { messageId: render.request.messageId }));
    }
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  private follow(render: ActiveRender): void {
    const { messageId } = render.request;
    if (this.running.has(messageId)) return;
    const ended = this.live(render)
      .catch((error: unknown) => this.log.error('render.run', error, { messageId, outcome: 'left' }))
      .finally(() => {
        this.running.delete(messageId);
        this.previews.drop(messageId);
        this.metrics.setActive(this.running.size);
      });
    this.running.set(messageId, { render, ended });
    this.metrics.setActive(this.running.size);
  }

  private async live(render: ActiveRender): Promise<void> {
    const startedAt = this.clock.monotonic();
    render.state.queued();
    const failure = await this.tryUntilDecided(render);
    if (this.closing.signal.aborted && failure !== null && codeOf(failure) !== 'gpu.job_cancelled') return;
    await this.conclude(render, failure);
    this.report(render, failure, Math.round(this.clock.monotonic() - startedAt));
  }

  /** Null when the picture is stored, else why it is not. A lost lease or engine is tried again, a few times. */
  private async tryUntilDecided(render: ActiveRender): Promise<unknown> {
    for (let attemptsMade = 1; ; attemptsMade += 1) {
      try {
        if (render.request.prompt === null) await this.steps.writePrompt(render);
        await this.steps.renderImage(render);
        return null;
      } catch (error) {
        if (render.stop.signal.aborted) return render.stop.signal.reason;
        if (attemptsMade >= MAX_ATTEMPTS || !isWorthAnotherTry(error)) return error;
        const failure = await this.prepareNextAttempt(render, error, attemptsMade);
        if (failure !== null) return failure;
      }
    }
  }

  /** Null when the next attempt can begin, under job ids of its own. */
  private async prepareNextAttempt(
    render: ActiveRender,
    error: unknown,
    attemptsMade: number,
  ): Promise<unknown> {
    const { request } = render;
    this.log.warn('render.retry', {
      messageId: request.messageId,
      attempt: request.attempt,
      code: codeOf(error),
    });
    render.state.queued();
    try {
      await pause(this.clock, FIRST_PAUSE_MS * 2 ** (attemptsMade - 1), render.stop.signal);
      await this.images.startAttempt(request.messageId, request.attempt + 1);
      request.attempt += 1;
      return null;
    } catch (failure) {
      return render.stop.signal.aborted ? render.stop.signal.reason : failure;
    }
  }

  /** Own row, then chat-service's message, then the log's end: a reader that sees the end finds both complete. */
  private async conclude(render: ActiveRender, failure: unknown): Promise<void> {
    const { messageId } = render.request;
    const end = endEventOf(render, failure);
    await this.untilItWorks('render.store', messageId, () =>
      this.images.finish(messageId, {
        state: end.state,
        errorCode: end.code,
        timeline: end.timeline,
        finishedAt: this.clock.now(),
      }),
    );
    await this.tellChat(messageId, end, render);
    render.log.append(end);
    render.log
      .close()
      .catch((error: unknown) => this.log.warn('reply_log.close', { messageId, code: codeOf(error) }));
  }

  private async tellChat(messageId: number, end: EndEvent, render: ActiveRender): Promise<void> {
    await this.untilItWorks('render.tell_chat', messageId, () =>
      this.chat.call(finishImageMessage, {
        messageId,
        state: end.state,
        error: end.code === null ? null : { code: end.code, say: end.say ?? ERRORS.internal.say },
        attachments: render.attachments,
        timeline: end.timeline,
      }),
    );
    await this.untilItWorks('render.store', messageId, () => this.images.markReported(messageId));
  }

  /** Waits for a database or a service that is away; what is not done by the end is done by the next process. */
  private async untilItWorks(op: string, messageId: number, work: () => Promise<unknown>): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await work();
        return;
      } catch (error) {
        if (pauseMs === FIRST_PAUSE_MS) this.log.error(op, error, { messageId });
        await pause(this.clock, pauseMs, this.closing.signal);
      }
    }
  }

  private report(render: ActiveRender, failure: unknown, ms: number): void {
    const { messageId, chatId, userId, attempt, width, height } = render.request;
    const outcome = endEventOf(render, failure).state;
    const held = render.timeline.map(({ queued_ms: queued, total_ms: total }) => total - queued);
    const fields = { messageId, chatId, userId, attempt, width, height, outcome, ms, gpuMs: held };
    this.metrics.ended(outcome, failure === null ? '' : codeOf(failure), ms);
    if (outcome === 'failed') this.log.error('render.run', failure, fields);
    else this.log.event('render.run', fields);
  }
}

function endEventOf(render: ActiveRender, failure: unknown): EndEvent {
  const { timeline } = render;
  if (failure === null) return { type: 'end', state: 'done', code: null, say: null, timeline, usage: null };
  const code = codeOf(failure);
  if (code === 'gpu.job_cancelled') {
    return { type: 'end', state: 'cancelled', code: null, say: null, timeline, usage: null };
  }
  return { type: 'end', state: 'failed', code, say: ERRORS[code].say, timeline, usage: null };
}

/** The failure that a stored row stands for. */
function failureOf(request: ImageRequestRow): AppError | null {
  if (request.state === 'done') return null;
  if (request.state === 'cancelled') return new AppError('gpu.job_cancelled');
  return new AppError(isErrorCode(request.errorCode) ? request.errorCode : 'internal');
}

/** Failures after which the same order may go through when it is given again. */
function isWorthAnotherTry(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === 'gpu.lease_lost' ||
    code === 'image.interrupted' ||
    code === 'call.unreachable' ||
    code === 'call.timeout'
  );
}
