import { codeOf, pause, untilItWorks, type Clock } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AnswersService } from '../asks/answers.service.ts';
import type { MessageRow } from '../chats/message.entity.ts';
import { isAskedAgain, pauseAfter } from './batch-plan.ts';
import { BatchesRepository, type StoredBatch } from './batches.repository.ts';

export const BATCH_SETTINGS = Symbol('BATCH_SETTINGS');
export interface BatchSettings {
  /** Answers of one batch that are made or wait for the GPU at the same time. */
  readonly running: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** A batch that this process works on. */
interface Run {
  readonly batch: StoredBatch;
  readonly stop: AbortController;
  readonly replies: Set<number>;
  /** Answers that an earlier process had begun and the replies have taken up again. */
  left: number[];
  /** Items are taken one after the other, so that none is taken twice. */
  taking: Promise<unknown>;
  /** In a row. */
  setbacks: number;
  readonly done: Promise<void>;
}

/**
 * Has the items of open batches answered, a few at a time: beside everybody else's work, not before it. What is done
 * stands in the database alone, so that the next process goes on where this one ended.
 */
@Injectable()
export class BatchRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly runs = new Map<number, Run>();
  private readonly closing = new AbortController();
  private readonly batches: BatchesRepository;
  private readonly answers: AnswersService;
  private readonly settings: BatchSettings;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    batches: BatchesRepository,
    answers: AnswersService,
    @Inject(BATCH_SETTINGS) settings: BatchSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.batches = batches;
    this.answers = answers;
    this.settings = settings;
    this.clock = clock;
    this.log = log;
  }

  onApplicationBootstrap(): void {
    this.goOn().catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.log.error('batch.recover', error);
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.runs.values()].map(({ done }) => done));
  }

  /** Harmless for one that runs already. */
  start(batch: StoredBatch): void {
    const batchId = batch.chat.id;
    if (this.runs.has(batchId) || this.closing.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const run: Run = {
      batch,
      stop: new AbortController(),
      replies: new Set(),
      left: [],
      taking: Promise.resolve(),
      setbacks: 0,
      done: promise,
    };
    this.runs.set(batchId, run);
    void this.live(run).finally(() => {
      this.runs.delete(batchId);
      resolve(undefined);
    });
  }

  /** Stops what is being answered and resolves when nothing of the batch is under way any more. */
  async stop(batchId: number): Promise<void> {
    // After a restart it may not have been taken up yet.
    await this.answers.recovered();
    const run = this.runs.get(batchId);
    if (run === undefined) {
      const open = await this.batches.answersIn(batchId, 'unfinished');
      await Promise.all(open.map(({ id }) => this.answers.stop(id)));
      return;
    }
    run.stop.abort();
    await Promise.all([...run.replies].map((replyId) => this.answers.stop(replyId)));
    await run.done;
  }

  private async goOn(): Promise<void> {
    await this.answers.recovered();
    for (const batch of await this.persist(() => this.batches.running())) this.start(batch);
  }

  private async live(run: Run): Promise<void> {
    const batchId = run.batch.chat.id;
    try {
      await this.persist(() => this.takeUp(run));
      await Promise.all(Array.from({ length: this.settings.running }, () => this.work(run)));
      if (run.stop.signal.aborted) return;
      const plan = { ...run.batch.plan, finished_at_ms: this.clock.now() };
      if (await this.persist(() => this.batches.close(batchId, 'done', plan))) {
        this.log.event('batch.end', { batchId, outcome: 'done', items: plan.total });
      }
    } catch (error) {
      if (!this.closing.signal.aborted) this.log.error('batch.run', error, { batchId });
    }
  }

  /** What an earlier process began: what is being made is waited for, what it broke off is asked again. */
  private async takeUp(run: Run): Promise<void> {
    const batchId = run.batch.chat.id;
    for (const reply of await this.batches.answersIn(batchId, 'failed')) await this.judge(run, reply);
    run.setbacks = 0;
    run.left = (await this.batches.answersIn(batchId, 'unfinished')).map(({ id }) => id);
  }

  /** One of several that take item after item until there is none. */
  private async work(run: Run): Promise<void> {
    const over = AbortSignal.any([run.stop.signal, this.closing.signal]);
    while (!over.aborted) {
      const replyId = run.left.shift() ?? (await this.persist(() => this.take(run)));
      if (replyId === null) return;
      run.replies.add(replyId);
      if (run.stop.signal.aborted) await this.answers.stop(replyId);
      await this.persist(() => this.answers.until(replyId, this.closing.signal));
      run.replies.delete(replyId);
      const wasSetBack = await this.persist(async () => {
        const reply = await this.batches.answer(replyId);
        return reply !== null && (await this.judge(run, reply));
      });
      // A stop ends the pause; then there is nothing more to take.
      if (wasSetBack) await pause(this.clock, pauseAfter(run.setbacks), over).catch(() => undefined);
    }
    this.closing.signal.throwIfAborted();
  }

  /** True when the item is asked again, later. */
  private async judge(run: Run, reply: MessageRow): Promise<boolean> {
    if (reply.state !== 'failed') {
      run.setbacks = 0;
      return false;
    }
    if (run.stop.signal.aborted) return false;
    const code = failureOf(reply);
    if (!isAskedAgain(code, await this.batches.tries(reply))) return false;
    await this.batches.putAway(reply.id, this.clock.now());
    run.setbacks += 1;
    this.log.event('batch.set_back', { batchId: run.batch.chat.id, replyId: reply.id, code });
    return true;
  }

  /** Begins the next item; null when there is none. */
  private take(run: Run): Promise<number | null> {
    const taken = run.taking.then(() => this.beginNext(run));
    run.taking = taken.catch(() => undefined);
    return taken;
  }

  private async beginNext({ batch, stop }: Run): Promise<number | null> {
    const { chat, plan } = batch;
    const item = stop.signal.aborted ? null : await this.batches.nextItem(chat.id);
    if (item === null) return null;
    try {
      return await this.answers.begin({
        userId: chat.userId,
        chatId: chat.id,
        parentId: item.id,
        hidden: true,
        leaf: 'stay',
        chosen: { model: plan.model },
        options: plan.options,
        ...(plan.routing === null ? {} : { details: { routing: plan.routing } }),
      });
    } catch (error) {
      // It was deleted meanwhile: there is nobody to answer.
      if (codeOf(error) === 'chat.not_found') return null;
      throw error;
    }
  }

  /** A database that is away is waited for. @throws the reason of the end of this process */
  private persist<T>(work: () => Promise<T>): Promise<T> {
    return untilItWorks(work, {
      clock: this.clock,
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      signal: this.closing.signal,
      onOutage: (error) => this.log.error('batch.step', error),
    });
  }
}

function failureOf({ error }: MessageRow): string {
  return error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'internal';
}
