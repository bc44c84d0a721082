import { randomUUID } from 'node:crypto';
import { replyLogKey } from '@baton/contracts';
import { AppError, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, ReplyLogWriter, endEventOf, runWithCorrelation } from '@baton/platform';
import { Inject, Injectable, type OnModuleDestroy, type OnApplicationBootstrap } from '@nestjs/common';
import { ExchangesService, type EndedReply, type ReplyTask } from '../chats/exchanges.service.ts';
import { GenerationService } from './generation.service.ts';
import { messageEndOf, readLoggedReply } from './reply-end.ts';

const RETRY_MS = 1_000;

/**
 * Takes up what an earlier process left, wherever it died. A reply's row and its log are compared:
 *   1. the log has an end: the row gets that end (death between the two writes at the end, in the other order: 5);
 *   2. the chat was deleted meanwhile: the reply ends as cancelled;
 *   3. the log has text or thinking: the reply ends as interrupted and keeps what was written, since the model cannot go on from there;
 *   4. nothing yet: the reply is made now. The job keeps its id, so that its place in the queue is kept too;
 *   5. the row has an end and the log has none: the log gets it, or its readers would wait for ever.
 * One chat-service at a time may do this for a database.
 */
@Injectable()
export class RecoveryService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly exchanges: ExchangesService;
  private readonly generation: GenerationService;
  private readonly logs: ReplyLogWriter;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly closing = new AbortController();
  private recovered: Promise<void> = Promise.resolve();

  constructor(
    exchanges: ExchangesService,
    generation: GenerationService,
    logs: ReplyLogWriter,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.exchanges = exchanges;
    this.generation = generation;
    this.logs = logs;
    this.clock = clock;
    this.log = log;
  }

  /** Goes on in the background: a Redis that is away must not keep the service from answering. */
  onApplicationBootstrap(): void {
    this.recovered = this.recover();
  }

  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** Resolves when everything left behind has been taken up. */
  done(): Promise<void> {
    return this.recovered;
  }

  private async recover(): Promise<void> {
    for (;;) {
      try {
        for (const left of await this.exchanges.leftBehind()) {
          await runWithCorrelation(randomUUID(), () => this.takeUp(left.task, left.isAbandoned));
        }
        for (const ended of await this.exchanges.recentlyEnded()) await this.completeLog(ended);
        return;
      } catch (error) {
        if (this.closing.signal.aborted) return;
        this.log.error('reply.recover', error);
        const isOver = await pause(this.clock, RETRY_MS, this.closing.signal).then(
          () => false,
          () => true,
        );
        if (isOver) return;
      }
    }
  }

  private async takeUp(task: ReplyTask, isAbandoned: boolean): Promise<void> {
    const { replyId } = task;
    const key = replyLogKey(replyId);
    const { end: logged, found, ...written } = readLoggedReply(await this.logs.read(key));
    const isBegun = written.text !== '' || written.thinking !== '';
    // A reply that was begun by this process while the list was read is not left behind.
    if (this.generation.has(replyId) || !(await this.exchanges.isUnfinished(replyId))) return;
    if (logged === null && !isAbandoned && !isBegun) {
      // A search that was made already is not made again.
      const known = { ...task, details: { ...task.details, ...found } };
      this.generation.adopt(known, await this.logs.resume(key));
      this.log.event('reply.recover', { replyId, outcome: 'resubmitted' });
      return;
    }
    const code = isAbandoned ? 'gpu.job_cancelled' : 'reply.interrupted';
    const failed = endEventOf(new AppError(code, { replyId }), { timeline: [], usage: null });
    const end = logged ?? { ...failed, details: { ...task.details, ...found } };
    const isFirstEnd = await this.exchanges.finish(replyId, messageEndOf(end, written));
    this.log.event('reply.recover', { replyId, outcome: end.state, chars: written.text.length });
    if (!isFirstEnd || logged !== null) return;
    const log = await this.logs.resume(key);
    log.append(end);
    await log.close();
  }

  private async completeLog({ replyId, end }: EndedReply): Promise<void> {
    const key = replyLogKey(replyId);
    const text = await this.logs.read(key);
    // A log that has expired needs no end.
    if (text === '' || readLoggedReply(text).end !== null || this.generation.has(replyId)) return;
    const log = await this.logs.resume(key);
    log.append(end);
    await log.close();
    this.log.event('reply.recover', { replyId, outcome: 'log_completed' });
  }
}
