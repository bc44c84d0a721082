import { finishImageMessage, type EndEvent } from '@baton/contracts';
import { codeOf, untilItWorks, type Clock } from '@baton/kernel';
import { CLOCK, Log, errorOf, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ImagesRepository } from '../images/images.repository.ts';
import { CHAT_SERVICE } from '../tokens.ts';
import type { ActiveRender } from './active-render.ts';
import { RenderMetrics } from './render-metrics.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Ends requests: own row, chat-service's message, log, metrics, and one event that tells all about it. */
@Injectable()
export class EndingsService {
  private readonly images: ImagesRepository;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly metrics: RenderMetrics;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    images: ImagesRepository,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    metrics: RenderMetrics,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.images = images;
    this.chat = chat;
    this.metrics = metrics;
    this.clock = clock;
    this.log = log;
  }

  /** Row, message, log's end, in this order: a reader that sees the end finds both complete. */
  async conclude(render: ActiveRender, end: EndEvent, closing: AbortSignal): Promise<void> {
    const { messageId } = render.request;
    const { state, code: errorCode, timeline } = end;
    await this.persist('render.store', messageId, closing, () =>
      this.images.finish(messageId, {
        state,
        errorCode,
        timeline,
        timings: Object.fromEntries(render.timings),
        finishedAt: this.clock.now(),
      }),
    );
    await this.tell(render, end, closing);
    render.log.append(end);
    this.closeLog(render);
  }

  /** Tells an end that was stored before the process died; whoever has heard it already is not told again. */
  async tellAgain(
    render: ActiveRender,
    { end, isLogged }: { readonly end: EndEvent; readonly isLogged: boolean },
    closing: AbortSignal,
  ): Promise<void> {
    await this.tell(render, end, closing);
    if (!isLogged) render.log.append(end);
    this.closeLog(render);
  }

  report(render: ActiveRender, end: EndEvent, failure: unknown, ms: number): void {
    const { messageId, chatId, userId, attempt, width, height, promptBy } = render.request;
    const sum = (of: (entry: EndEvent['timeline'][number]) => number): number =>
      end.timeline.reduce((total, entry) => total + of(entry), 0);
    const fields = {
      messageId,
      chatId,
      userId,
      attempt,
      failures: render.failures,
      width,
      height,
      promptBy,
      kind: render.request.kind,
      pictures: render.attachments.length,
      timings: Object.fromEntries(render.timings),
      outcome: end.state,
      ms: Math.round(ms),
      queuedMs: sum((entry) => entry.queued_ms),
      swapMs: sum((entry) => entry.swap?.total_ms ?? 0),
      gpuMs: sum((entry) => entry.total_ms - entry.queued_ms),
    };
    this.metrics.ended(end, ms);
    if (end.state === 'failed') this.log.error('render.run', failure, fields);
    else this.log.event('render.run', fields);
  }

  countActive(count: number): void {
    this.metrics.setActive(count);
  }

  private async tell(render: ActiveRender, end: EndEvent, closing: AbortSignal): Promise<void> {
    const { messageId } = render.request;
    const { state, timeline } = end;
    const { attachments } = render;
    await this.persist('render.tell_chat', messageId, closing, () =>
      this.chat.call(finishImageMessage, { messageId, state, error: errorOf(end), attachments, timeline }),
    );
  }

  /** In the background: nobody waits for a Redis that is away. Only when the log is complete is everybody told. */
  private closeLog(render: ActiveRender): void {
    const { messageId } = render.request;
    render.log
      .close()
      .then(() => this.images.markReported(messageId))
      .catch((error: unknown) => this.log.warn('reply_log.close', { messageId, code: codeOf(error) }));
  }

  /** Waits for a database or a service that is away; what is not done by the end is done by the next process. */
  private async persist(
    op: string,
    messageId: number,
    closing: AbortSignal,
    work: () => Promise<unknown>,
  ): Promise<void> {
    await untilItWorks(work, {
      clock: this.clock,
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      signal: closing,
      onOutage: (error) => this.log.error(op, error, { messageId }),
    });
  }
}
