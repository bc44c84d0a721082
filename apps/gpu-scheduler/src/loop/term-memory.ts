import type { GpuJob, VisitRecord } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Effect, GpuState } from '../core/state.ts';
import type { HistoryStore, OpenVisit } from '../leases/history.store.ts';
import type { MemoryStore } from '../leases/memory.store.ts';
import { newLease } from './adoption.ts';
import { toWireLane } from './lanes.ts';
import { LateWriter } from './late-writer.ts';
import { VisitLog } from './visit-log.ts';

/** A killed leader loses this much of what it has learned. */
const KEEP_LEARNED_MS = 10_000;
/** A killed leader loses this much of the record of its visit; whose leases run is in Redis at once. */
const KEEP_HISTORY_MS = 100;

export interface TermMemoryContext {
  readonly epoch: number;
  readonly node: string;
  readonly clock: Clock;
  readonly history: HistoryStore;
  readonly memory: MemoryStore;
  readonly state: () => GpuState;
  readonly payload: (jobId: string) => GpuJob | undefined;
  readonly failed: (error: unknown) => void;
}

/** What a term writes down for others and for its successor: the visits, and what it has learned about times. */
export class TermMemory {
  readonly visits: VisitLog;
  private readonly context: TermMemoryContext;
  private readonly historyWriter: LateWriter;
  private readonly learnedWriter: LateWriter;
  private kept: unknown = null;

  constructor(context: TermMemoryContext) {
    this.context = context;
    const { epoch, node, clock, history, failed, state } = context;
    this.visits = new VisitLog(node);
    this.historyWriter = new LateWriter({
      clock,
      gatherMs: KEEP_HISTORY_MS,
      isChanged: () => this.visits.isChanged,
      write: () => history.write(epoch, this.visits.takeChange()),
      failed,
    });
    this.learnedWriter = new LateWriter({
      clock,
      gatherMs: KEEP_LEARNED_MS,
      isChanged: () => this.kept !== state().estimates,
      write: () => this.keepLearned(),
      failed,
    });
  }

  /** What a former leader has left, which need not be written again. */
  begin(visit: OpenVisit | null): void {
    this.kept = this.context.state().estimates;
    if (visit !== null) this.visits.inherit(visit);
  }

  decided(effect: Effect, nowMs: number): void {
    if (effect.do === 'startSwap') {
      this.visits.swapStarted(effect.swap, effect.reason, nowMs);
    } else if (effect.do === 'grant') {
      const { leaseId, job, reason } = effect;
      const payload = this.context.payload(job.id);
      if (payload !== undefined) this.visits.granting(newLease(leaseId, job.id, payload, { reason, nowMs }));
    } else if (effect.do === 'finish') {
      this.visits.leaseEnded(effect.leaseId, effect.ending, nowMs);
    }
  }

  /** After every fact and its effects. */
  follow(nowMs: number): void {
    this.visits.follow(this.context.state(), nowMs);
    this.historyWriter.changed();
    this.learnedWriter.changed();
  }

  /** The visit under way; those that are over are in Redis by then. */
  async visit(): Promise<VisitRecord | null> {
    await this.historyWriter.flush();
    return this.visits.current;
  }

  /** When another scheduler leads already both are refused, and its own record goes on. */
  async end(): Promise<void> {
    await Promise.allSettled([this.historyWriter.stop(), this.learnedWriter.stop()]);
  }

  private async keepLearned(): Promise<void> {
    const { estimates, home } = this.context.state();
    const lane = home === null ? null : toWireLane(home);
    await this.context.memory.keepLearned(this.context.epoch, { estimates, home: lane });
    this.kept = estimates;
  }
}
