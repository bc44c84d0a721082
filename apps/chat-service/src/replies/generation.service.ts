import { replyLogKey, type ReplyState } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, Log, ReplyLogWriter, type ReplyLog } from '@baton/platform';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { ReplyTask } from '../chats/exchange.ts';
import { ActiveReply } from './active-reply.ts';
import { AttemptsService } from './attempts.service.ts';
import { EndingsService } from './endings.service.ts';
import { endOf } from './reply-end.ts';

interface Running {
  readonly reply: ActiveReply;
  readonly ended: Promise<void>;
}

/** Makes replies: GPU job, lease, engine, reply log, end. One instance per process knows all that are under way. */
@Injectable()
export class GenerationService implements OnModuleDestroy {
  private readonly running = new Map<number, Running>();
  private readonly closing = new AbortController();
  private readonly logs: ReplyLogWriter;
  private readonly attempts: AttemptsService;
  private readonly endings: EndingsService;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    logs: ReplyLogWriter,
    attempts: AttemptsService,
    endings: EndingsService,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.logs = logs;
    this.attempts = attempts;
    this.endings = endings;
    this.clock = clock;
    this.log = log;
  }

  /** Starts a new reply in the background. */
  start(task: ReplyTask): void {
    this.follow(new ActiveReply(task, this.logs.open(replyLogKey(task.replyId))));
  }

  /** Takes a reply up again that an earlier process had not begun to answer. Its log goes on where it is. */
  adopt(task: ReplyTask, log: ReplyLog): void {
    this.follow(new ActiveReply(task, log));
  }

  has(replyId: number): boolean {
    return this.running.has(replyId);
  }

  /** The state of a reply under way; undefined for all others. */
  stateOf(replyId: number): ReplyState | undefined {
    return this.running.get(replyId)?.reply.state;
  }

  /** What a reply under way was asked for. */
  taskOf(replyId: number): ReplyTask | undefined {
    return this.running.get(replyId)?.reply.task;
  }

  /** Stops a reply and resolves when its end is stored. Does nothing for one that is not under way. */
  async stop(replyId: number): Promise<void> {
    const running = this.running.get(replyId);
    if (running === undefined) return;
    running.reply.cancel(new AppError('gpu.job_cancelled', { replyId }), this.clock.monotonic());
    await running.ended;
  }

  /** Resolves when the end of a reply is stored; at once for one that is not under way. */
  async ended(replyId: number): Promise<void> {
    await this.running.get(replyId)?.ended;
  }

  /** Ids of a user's replies that are under way: all, or those of one chat. */
  idsOf(userId: number, chatId?: number): number[] {
    return [...this.running.values()]
      .map(({ reply }) => reply.task)
      .filter((task) => task.userId === userId && (chatId === undefined || task.chatId === chatId))
      .map(({ replyId }) => replyId);
  }

  /**
   * Sends a reply that waits to another place, under the same id and log; its job is given back. False when it is not
   * under way here, is at that place already, or something of the answer was shown.
   *
   * @throws AppError `local.not_set_up`, `server.unknown`
   */
  moveTo(replyId: number, server: string): boolean {
    const reply = this.running.get(replyId)?.reply;
    if (reply === undefined) return false;
    return this.attempts.move(reply, server);
  }

  async stopChat(chatId: number): Promise<void> {
    const ids = [...this.running.values()].filter(({ reply }) => reply.task.chatId === chatId);
    await Promise.all(ids.map(({ reply }) => this.stop(reply.task.replyId)));
  }

  /**
   * Before anything closes: what has been shown in part ends as interrupted; what still waits is left to the next
   * process, job and all.
   */
  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    const begun = [...this.running.values()].filter(({ reply }) => reply.isShown);
    for (const { reply } of begun)
      reply.stop.abort(new AppError('reply.interrupted', { reply: reply.task.replyId }));
    await Promise.all(begun.map(({ ended }) => ended));
  }

  private follow(reply: ActiveReply): void {
    const { replyId } = reply.task;
    const ended = this.live(reply)
      .catch((error: unknown) => this.log.error('reply.generate', error, { replyId, outcome: 'left' }))
      .finally(() => {
        this.running.delete(replyId);
        this.endings.countActive(this.running.size);
      });
    this.running.set(replyId, { reply, ended });
    this.endings.countActive(this.running.size);
  }

  private async live(reply: ActiveReply): Promise<void> {
    const startedAt = this.clock.monotonic();
    reply.progress.queued();
    if (reply.task.details.routing != null) reply.tellRouting(reply.task.details.routing);
    const failure = await this.attempts.untilDecided(reply, this.closing.signal);
    const isLeft = this.closing.signal.aborted && !reply.isShown && failure !== null;
    if (isLeft && !reply.stop.signal.aborted) return;
    const end = await endOf(reply, failure);
    await this.endings.conclude(reply, end, this.closing.signal);
    this.endings.report(reply, end, failure, this.clock.monotonic() - startedAt);
  }
}
