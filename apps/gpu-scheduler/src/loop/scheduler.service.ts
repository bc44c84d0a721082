import { randomUUID } from 'node:crypto';
import {
  gpuKeys,
  inboxEntry,
  nodeEvent,
  STREAM_FIELD,
  type GpuStatus,
  type QueueEntry,
  type SwitchOrder,
  type VisitRecord,
} from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { readStream, type Log, type RedisConnections } from '@baton/platform';
import type { z } from 'zod';
import type { Settings } from '../core/state.ts';
import { createState } from '../core/state.ts';
import { Leadership, LEADERSHIP_TTL_MS } from '../leases/leadership.ts';
import { HistoryStore } from '../leases/history.store.ts';
import { LeaseStore } from '../leases/lease.store.ts';
import { MemoryStore } from '../leases/memory.store.ts';
import { StaleEpoch } from '../leases/stale-epoch.ts';
import { JobStore } from '../queue/job.store.ts';
import type { GpuNode } from './gpu-node.client.ts';
import { toLabel, toLane } from './lanes.ts';
import { laneOfOrder } from './orders.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';
import { Term, type TermContext } from './term.ts';
import { statusOf } from './views.ts';

/** A scheduler that fell over something unforeseen looks around again, but not in a tight circle. */
const AFTER_FAILURE_MS = 1_000;
/** What a scheduler that stops still has to write gets this long. */
const LAST_WORDS_MS = 500;

export interface SchedulerContext {
  readonly node: string;
  readonly settings: Settings;
  /** Visits that are kept in the history. */
  readonly historyLimit: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly redis: RedisConnections;
  readonly gpuNode: GpuNode;
  readonly metrics: SchedulerMetrics;
}

/**
 * One scheduler of a node: runs for the leadership, and while it leads, serves one term after the other. Any number of
 * them may run; those that do not lead only follow the streams, so that they can begin at once.
 */
export class SchedulerService {
  private readonly context: SchedulerContext;
  private readonly id = randomUUID();
  private readonly stopping = new AbortController();
  private readonly leases: LeaseStore;
  private readonly jobs: JobStore;
  private readonly history: HistoryStore;
  private readonly memory: MemoryStore;
  private readonly leadership: Leadership;
  private readonly readers: Promise<void>[] = [];
  private term: Term | null = null;
  /** Former terms of ours that still write down what they know. */
  private endings: Promise<void> = Promise.resolve();
  private isResting = false;

  constructor(context: SchedulerContext) {
    this.context = context;
    const { redis, node, log, clock, historyLimit } = context;
    const connection = redis.dedicated('gpu-scheduler leases');
    this.leases = new LeaseStore(connection, node);
    this.history = new HistoryStore(connection, node, historyLimit);
    this.memory = new MemoryStore(connection, node);
    this.jobs = new JobStore(redis.bullmq('gpu-scheduler jobs'), node, (error) => {
      log.debug('queue.connection', { cause: error.message });
    });
    const election = new LeaseStore(redis.shared, node);
    this.leadership = new Leadership({
      clock,
      lead: (believed, highest) =>
        this.isResting
          ? Promise.resolve({ isLeader: false, epoch: highest })
          : election.lead(this.id, { ttlMs: LEADERSHIP_TTL_MS, believed, highest }),
      begin: (epoch) => this.begin(epoch),
      end: (epoch) => this.end(epoch),
    });
  }

  get isLeader(): boolean {
    return this.term !== null;
  }

  start(): void {
    const keys = gpuKeys(this.context.node);
    this.readers.push(
      this.follow(keys.inbox, inboxEntry, (entry) => {
        void this.term?.onInbox(entry);
      }),
      this.follow(keys.node, nodeEvent, (event) => this.term?.onNodeEvent(event)),
    );
    this.leadership.start();
  }

  /** Gives the leadership up; leases that run go on, the next leader adopts them. */
  async stop(): Promise<void> {
    const wasLeader = this.isLeader;
    this.stopping.abort();
    await this.leadership.stop();
    // Not for ever: Redis may be away.
    const late = Promise.withResolvers<null>();
    const cancel = this.context.clock.after(LAST_WORDS_MS, () => late.resolve(null));
    await Promise.race([this.endings, late.promise]);
    cancel();
    await Promise.all(this.readers);
    if (wasLeader)
      await new LeaseStore(this.context.redis.shared, this.context.node)
        .resign(this.id)
        .catch(() => undefined);
    await this.jobs.close();
  }

  /** From the leader's own state; a standby tells what the leader last published. */
  async status(): Promise<GpuStatus> {
    if (this.term !== null) return this.term.status();
    const published = await this.leases.lastStatus();
    if (published !== null) return published;
    const { node, settings, clock } = this.context;
    const nowMs = clock.now();
    const nothing = createState({ settings, term: 'none', fence: 0, nowMs });
    return statusOf(nothing, { node, report: null, lastSwap: null, nowMs });
  }

  /** A standby knows who runs and who waits, and nobody's place. */
  async queue(): Promise<QueueEntry[]> {
    if (this.term !== null) return this.term.queue();
    const [held, waiting] = await Promise.all([this.leases.list(), this.jobs.waiting()]);
    const running = held.map((lease): QueueEntry => {
      const { jobId, userId, chatId, messageId, kind, grantedAtMs, submittedAtMs = grantedAtMs } = lease;
      const label = toLabel(toLane(lease.lane));
      return {
        jobId,
        userId,
        chatId,
        messageId,
        kind,
        lane: label,
        running: true,
        submittedAtMs,
        view: null,
      };
    });
    const queued = waiting.flatMap(({ id, job }): QueueEntry[] => {
      if (job === null) return [];
      const { userId, chatId, messageId, kind, submittedAtMs } = job;
      const label = toLabel(toLane(job.lane));
      return [
        {
          jobId: id,
          userId,
          chatId,
          messageId,
          kind,
          lane: label,
          running: false,
          submittedAtMs,
          view: null,
        },
      ];
    });
    return [...running, ...queued];
  }

  /** Visits, newest first, the one under way in front. A standby knows that one as the leader last wrote it. */
  async visits(
    before: string | undefined,
    limit: number,
  ): Promise<{ visits: VisitRecord[]; next: string | null }> {
    if (before !== undefined) return this.history.page(before, limit);
    const current =
      this.term !== null ? await this.term.visit() : ((await this.history.open())?.record ?? null);
    const { visits, next } = await this.history.page(undefined, limit);
    return { visits: current === null ? visits : [current, ...visits], next };
  }

  /**
   * A switch by hand; the same id is the same order. A standby hands it to the leader.
   *
   * @throws AppError `request.invalid` when no model is named and none is known
   */
  async order(order: SwitchOrder): Promise<'done' | 'accepted'> {
    if (this.term !== null) return this.term.order(order);
    const home = (await this.memory.learned())?.home ?? null;
    laneOfOrder(order, home === null ? null : toLane(home));
    await this.memory.leaveOrder(order);
    await this.leases.hand({ type: 'order', order });
    return 'accepted';
  }

  private begin(epoch: number): void {
    this.context.metrics.setLeader(true);
    const { node, settings, clock, log, metrics, gpuNode } = this.context;
    const context: TermContext = {
      node,
      settings,
      clock,
      log,
      metrics,
      gpuNode,
      leases: this.leases,
      jobs: this.jobs,
      history: this.history,
      memory: this.memory,
      broken: (error) => this.broken(epoch, error),
    };
    this.term = new Term(epoch, context);
    void this.term.begin();
  }

  private end(epoch: number): void {
    this.context.metrics.setLeader(false);
    this.context.log.event('term.end', { node: this.context.node, epoch });
    const ending = this.term?.end();
    this.term = null;
    if (ending !== undefined) this.endings = Promise.all([this.endings, ending]).then(() => undefined);
  }

  private broken(epoch: number, error: unknown): void {
    if (this.leadership.currentEpoch !== epoch) return;
    if (error instanceof StaleEpoch) {
      this.context.log.warn('term.stale', { epoch });
    } else {
      this.context.log.error('term.broken', error, { epoch });
      this.isResting = true;
      const { clock } = this.context;
      clock.after(AFTER_FAILURE_MS, () => {
        this.isResting = false;
      });
    }
    this.leadership.doubt(epoch);
  }

  private async follow<S extends z.ZodType>(
    key: string,
    schema: S,
    take: (entry: z.output<S>) => void,
  ): Promise<void> {
    const { redis, log } = this.context;
    const entries = readStream({
      redis: redis.dedicated(`gpu-scheduler ${key}`),
      key,
      from: '$',
      signal: this.stopping.signal,
    });
    try {
      for await (const { id, fields } of entries) {
        const entry = parseEntry(fields[STREAM_FIELD], schema);
        if (entry === null) log.warn('stream.unreadable', { key, id });
        else take(entry);
      }
    } catch (error) {
      // Wake-ups are missed from here on, the rounds find out all the same; this happens when the connection was ended.
      if (!this.stopping.signal.aborted) log.error('stream.follow', error, { key });
    }
  }
}

function parseEntry<S extends z.ZodType>(text: string | undefined, schema: S): z.output<S> | null {
  try {
    return schema.parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}
