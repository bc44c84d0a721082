import type { EndEvent } from '@baton/contracts';
import { codeOf, untilItWorks, type Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ExchangesService } from '../chats/exchanges.service.ts';
import type { ActiveReply } from './active-reply.ts';
import type { EndListener } from './answer-hooks.ts';
import { messageEndOf } from './reply-end.ts';
import { ReplyMetrics } from './reply-metrics.ts';

const FIRST_STORE_PAUSE_MS = 200;
const LONGEST_STORE_PAUSE_MS = 10_000;

/** Ends replies: message, log, metrics, and one event that tells all about it. */
@Injectable()
export class EndingsService {
  private readonly exchanges: ExchangesService;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly metrics: ReplyMetrics;
  private readonly listeners: EndListener[] = [];

  constructor(exchanges: ExchangesService, @Inject(CLOCK) clock: Clock, log: Log, metrics: ReplyMetrics) {
    this.exchanges = exchanges;
    this.clock = clock;
    this.log = log;
    this.metrics = metrics;
  }

  /** Tells every end that is stored here from now on, in the background. */
  onEnd(listener: EndListener): void {
    this.listeners.push(listener);
  }

  /** Row first, then the log's end: a reader that sees the end finds the message complete. */
  async conclude(reply: ActiveReply, end: EndEvent, closing: AbortSignal): Promise<void> {
    const { replyId } = reply.task;
    const isFirstEnd = await this.store(reply, end, closing);
    if (!isFirstEnd) return;
    reply.log.append(end);
    reply.log
      .close()
      .catch((error: unknown) => this.log.warn('reply_log.close', { replyId, code: codeOf(error) }));
    for (const listener of this.listeners) void this.tell(listener, reply, end);
  }

  countActive(count: number): void {
    this.metrics.setActive(count);
  }

  report(reply: ActiveReply, end: EndEvent, failure: unknown, ms: number): void {
    const { replyId, chatId, userId } = reply.task;
    const { model, details } = reply;
    const last = end.timeline.at(-1);
    const heldMs = last === undefined ? null : last.total_ms - last.queued_ms;
    this.metrics.ended(model, end);
    const fields = {
      replyId,
      chatId,
      userId,
      model,
      jobId: reply.jobId,
      server: details.instance ?? null,
      failures: reply.failures.map(({ code }) => code),
      outcome: end.state,
      ms: Math.round(ms),
      queuedMs: last?.queued_ms ?? null,
      swapMs: last?.swap?.total_ms ?? null,
      firstMs: last?.first_ms ?? null,
      gpuMs: heldMs,
      promptTokens: end.usage?.prompt_tokens ?? null,
      completionTokens: end.usage?.completion_tokens ?? null,
    };
    if (end.state === 'failed') this.log.error('reply.generate', failure, fields);
    else this.log.event('reply.generate', fields);
  }

  private async tell(listener: EndListener, reply: ActiveReply, end: EndEvent): Promise<void> {
    const { task, text, thinking, prompt } = reply;
    try {
      await listener({ task, end, text, thinking, prompt });
    } catch (error) {
      this.log.error('reply.after_end', error, { replyId: task.replyId });
    }
  }

  /** Waits for a database that is away: until it is back the text is safe in the log. */
  private store(reply: ActiveReply, end: EndEvent, closing: AbortSignal): Promise<boolean> {
    const { replyId } = reply.task;
    const { answerMs, model } = reply;
    const stored = messageEndOf(end, reply, { answerMs, ...(model === reply.task.model ? {} : { model }) });
    return untilItWorks(() => this.exchanges.finish(replyId, stored), {
      clock: this.clock,
      firstPauseMs: FIRST_STORE_PAUSE_MS,
      longestPauseMs: LONGEST_STORE_PAUSE_MS,
      signal: closing,
      onOutage: (error) => this.log.error('reply.store', error, { replyId }),
    });
  }
}
