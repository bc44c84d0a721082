import { codeOf, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, Metrics } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PURGE_SETTINGS, type PurgeSettings } from '../tokens.ts';
import { PurgeRepository } from './purge.repository.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Not in the first moments, when everybody wants something of the database. */
const FIRST_AFTER_MS = 60_000;
const EVERY_MS = HOUR_MS;
/** A one-shot question is kept for whoever lost the connection. */
const ONE_SHOT_MS = DAY_MS;
const CHATS_AT_ONCE = 50;
/** Between two batches others get their turn: SQLite has one writer at a time. */
const PAUSE_MS = 20;

export interface Purged {
  readonly chats: number;
  readonly messages: number;
}

/** Deleted chats stay for a while, in case somebody asks for them back; then their rows go for good. */
@Injectable()
export class PurgeService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly repository: PurgeRepository;
  private readonly settings: PurgeSettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly removed;
  private readonly closing = new AbortController();
  private cancelTimer: () => void = () => undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    repository: PurgeRepository,
    @Inject(PURGE_SETTINGS) settings: PurgeSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
    metrics: Metrics,
  ) {
    this.repository = repository;
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    this.removed = metrics.counter({
      name: 'baton_purged_rows_total',
      help: 'Rows of deleted conversations that were removed for good',
      labelNames: ['kind'],
    });
  }

  onApplicationBootstrap(): void {
    this.planNext(FIRST_AFTER_MS);
  }

  /** Resolves when the batch under way is done. */
  async onModuleDestroy(): Promise<void> {
    this.cancelTimer();
    this.closing.abort();
    await this.running;
  }

  /** Removes all that is due. @throws AppError `store.unavailable`; what was removed until then stays so */
  async purge(): Promise<Purged> {
    const now = this.clock.now();
    const deletedBefore = now - this.settings.keepDays * DAY_MS;
    const counts = { chats: 0, messages: 0 };
    const lists = [
      () => this.repository.deletedChats(deletedBefore, CHATS_AT_ONCE),
      () => this.repository.answeredQuestions(now - ONE_SHOT_MS, CHATS_AT_ONCE),
    ];
    for (const list of lists) {
      for (let ids = await list(); ids.length > 0; ids = await list()) {
        for (const id of ids) {
          counts.messages += await this.untilNoneIsLeft(() => this.repository.removeMessages(id));
          if (this.closing.signal.aborted) return counts;
          await this.repository.removeChat(id);
          counts.chats += 1;
        }
      }
    }
    counts.messages += await this.untilNoneIsLeft(() => this.repository.removeDeletedMessages(deletedBefore));
    return counts;
  }

  private planNext(afterMs: number): void {
    this.cancelTimer = this.clock.after(afterMs, () => {
      this.running = this.run();
    });
  }

  private async run(): Promise<void> {
    const startedAt = this.clock.monotonic();
    try {
      const { chats, messages } = await this.purge();
      this.removed.inc({ kind: 'chat' }, chats);
      this.removed.inc({ kind: 'message' }, messages);
      if (chats + messages > 0) {
        this.log.event('chat.purge', { chats, messages, ms: Math.round(this.clock.monotonic() - startedAt) });
      }
    } catch (error) {
      // What is left is as due in an hour.
      this.log.warn('chat.purge', { code: codeOf(error) });
    }
    if (!this.closing.signal.aborted) this.planNext(EVERY_MS);
  }

  private async untilNoneIsLeft(removeSome: () => Promise<number>): Promise<number> {
    let all = 0;
    while (!this.closing.signal.aborted) {
      const some = await removeSome();
      all += some;
      if (some === 0) break;
      await pause(this.clock, PAUSE_MS, this.closing.signal).catch(() => undefined);
    }
    return all;
  }
}
