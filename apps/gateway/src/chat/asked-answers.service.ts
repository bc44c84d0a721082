import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { ask, cancelReply, getReply, type AskAnswer, type AskBody, type Message } from '@baton/contracts';
import { AppError, codeOf, isErrorCode, type Clock } from '@baton/kernel';
import { CLOCK, CallClient, Log } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { CHAT_SERVICE } from '../services.ts';
import type { EventSink } from '../sse/event-sink.ts';
import { StreamSlots } from '../sse/stream-slots.service.ts';
import { endOnly, planSink } from './plan-sink.ts';

/**
 * Answers to one-shot questions. The reply is followed in its log to the end; nothing waits in a call. Who asked and has
 * left will not come back for it, so it is stopped then: the GPU is for those who wait.
 */
@Injectable()
export class AskedAnswers implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly chats: CallClient;
  private readonly replies: ReplyStreamService;
  private readonly slots: StreamSlots;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
    @Inject(StreamSlots) slots: StreamSlots,
    @Inject(CLOCK) clock: Clock,
    @Inject(Log) log: Log,
  ) {
    this.chats = chats;
    this.replies = replies;
    this.slots = slots;
    this.clock = clock;
    this.log = log;
  }

  /**
   * Resolves with the answer. Waiting takes a slot as a stream does.
   *
   * @throws AppError `request.too_many`; the code that the reply failed with; `gpu.job_cancelled` when it was stopped
   */
  async whole(userId: number, body: AskBody, http: FastifyReply): Promise<AskAnswer> {
    const release = this.slots.take(userId);
    if (release === null) {
      void http.header('retry-after', '5');
      throw new AppError('request.too_many', { userId });
    }
    const left = new AbortController();
    const onClose = (): void => left.abort();
    http.raw.once('close', onClose);
    try {
      const sink = endOnly(AbortSignal.any([left.signal, this.closing.signal]));
      return await this.answer(userId, body, sink);
    } finally {
      http.raw.off('close', onClose);
      release();
    }
  }

  /** Writes what happens, as it happens. A failure is told by the reply's own `end`. */
  async stream(userId: number, body: AskBody, sink: EventSink): Promise<void> {
    try {
      await this.answer(userId, body, sink);
    } catch (error) {
      if (!(error instanceof ReplyNotDone)) throw error;
    }
  }

  beforeApplicationShutdown(): void {
    this.closing.abort();
  }

  private async answer(userId: number, body: AskBody, sink: EventSink): Promise<AskAnswer> {
    const startedAt = this.clock.monotonic();
    const plan = body.pair ? await this.made(userId, body, planSink(sink)) : null;
    const reply = await this.made(userId, body, sink, plan?.id);
    return answerOf(body, reply, plan, Math.round(this.clock.monotonic() - startedAt));
  }

  /** One reply, made and done. */
  private async made(userId: number, body: AskBody, sink: EventSink, planReplyId?: number): Promise<Message> {
    const asked = { userId, body, ...(planReplyId === undefined ? {} : { planReplyId }) };
    const sent = await this.chats.call(ask, asked);
    const { id: replyId } = sent.reply;
    if (!body.pair || planReplyId !== undefined) sink.write({ event: 'sent', json: JSON.stringify(sent) });
    try {
      await this.replies.send(sink, { userId, message: sent.reply, after: 0 });
    } finally {
      if (sink.signal.aborted) await this.leave(userId, replyId);
    }
    const reply = await this.chats.call(getReply, { userId, replyId });
    if (reply.state !== 'done') throw new ReplyNotDone(reply);
    return reply;
  }

  private async leave(userId: number, replyId: number): Promise<void> {
    await this.chats.call(cancelReply, { userId, replyId }).catch((error: unknown) => {
      this.log.warn('ask.cancel', { replyId, code: codeOf(error) });
    });
  }
}

class ReplyNotDone extends AppError {
  constructor({ id, state, error }: Message) {
    const code = error?.code;
    super(state === 'cancelled' ? 'gpu.job_cancelled' : isErrorCode(code) ? code : 'internal', {
      replyId: id,
    });
  }
}

function answerOf(body: AskBody, reply: Message, plan: Message | null, durationMs: number): AskAnswer {
  const { details } = reply;
  const isNamed = body.model !== null && body.model !== undefined;
  return {
    response: reply.content,
    model: reply.model ?? '',
    task_type: isNamed ? (body.task_type ?? null) : (body.task_type ?? 'general_chat'),
    duration_ms: durationMs,
    task_id: reply.id,
    routing: details?.routing ?? null,
    cached: details?.engine === 'cache',
    plan: plan === null ? null : { model: plan.model ?? '', text: plan.content },
    sources: details?.sources ?? [],
    search_query: details?.search_query ?? null,
    usage: reply.usage,
  };
}
