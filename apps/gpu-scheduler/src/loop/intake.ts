import type { InboxEntry, SwitchOrder } from '@baton/contracts';
import type { Log } from '@baton/platform';
import type { Fact } from '../core/fact.ts';
import { isKnown, type Arrival } from '../core/facts.ts';
import type { GpuState } from '../core/state.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import type { MemoryStore } from '../leases/memory.store.ts';
import type { JobStore, StoredJob } from '../queue/job.store.ts';
import type { JobBook } from './job-book.ts';
import { toArrival } from './lanes.ts';
import { laneOfOrder } from './orders.ts';

export interface IntakeContext {
  readonly epoch: number;
  readonly jobs: JobStore;
  readonly leases: LeaseStore;
  readonly memory: MemoryStore;
  readonly book: JobBook;
  readonly log: Log;
  readonly state: () => GpuState;
  readonly take: (fact: Fact) => void;
  /** The job cannot be read, and ends. */
  readonly refuse: (jobId: string) => void;
}

/** What people and services want, as facts: new jobs, cancellations, leases given back, switches by hand. */
export class Intake {
  private readonly context: IntakeContext;
  /** What comes while the term still looks around. */
  private early: InboxEntry[] | null = [];

  constructor(context: IntakeContext) {
    this.context = context;
  }

  get isOpen(): boolean {
    return this.early === null;
  }

  /** From here on entries are heeded, beginning with those that came early. */
  async open(): Promise<void> {
    const early = this.early ?? [];
    this.early = null;
    for (const entry of early) await this.heed(entry);
  }

  /** A wake-up. The truth is in Redis: an entry that was lost is found by the next round. */
  async heed(entry: InboxEntry): Promise<void> {
    if (this.early !== null) {
      this.early.push(entry);
      return;
    }
    const { take, memory, epoch } = this.context;
    switch (entry.type) {
      case 'released':
        take({ is: 'released', leaseId: entry.leaseId, outcome: entry.outcome });
        return;
      case 'cancel':
        await this.cancel(entry.jobId);
        return;
      case 'submitted':
        await this.submitted(entry);
        return;
      case 'order':
        // An echo: kept once more it would stay, and the next leader would carry it out a second time.
        if (this.isHeard(entry.order)) return;
        await memory.keepOrder(epoch, entry.order);
        await this.resumeOrder(entry.order);
    }
  }

  /** One new job; it may be refused, because too much waits already. */
  arrive(stored: StoredJob): void {
    for (const job of this.admissible([stored])) this.context.take({ is: 'arrived', job });
  }

  /** Jobs that had been taken in before, by us or a former leader. */
  takeBack(stored: readonly StoredJob[]): void {
    this.context.take({ is: 'backlog', jobs: this.admissible(stored) });
  }

  async cancel(jobId: string): Promise<void> {
    const { jobs, leases, book, take } = this.context;
    if (this.isNew(jobId)) {
      const job = await jobs.read(jobId);
      if (job === null) {
        await leases.dropCancel(jobId);
        return;
      }
      // It is on its way to us; it must not be granted in between.
      if (job.job !== null && this.isNew(jobId)) {
        book.note(jobId, job.job);
        take({ is: 'cancelled', jobId, unseen: toArrival(jobId, job.job) });
        return;
      }
    }
    take({ is: 'cancelled', jobId });
  }

  /**
   * A switch by hand. It is kept in Redis before it is taken in, so that the next leader carries it out.
   *
   * @throws AppError `request.invalid` when no model is named and none is known
   */
  async order(order: SwitchOrder): Promise<'done' | 'accepted'> {
    const { memory, epoch, take } = this.context;
    const { visit, swap, home } = this.context.state();
    const to = laneOfOrder(order, home);
    if (visit?.lane.key === to.key && swap === null) return 'done';
    if (this.isHeard(order)) return 'accepted';
    await memory.keepOrder(epoch, order);
    take({ is: 'ordered', order: { id: order.id, to, force: order.force } });
    return 'accepted';
  }

  /** A switch by hand whose wake-up nobody heard, because nobody led just then. */
  async findOrder(): Promise<void> {
    const order = await this.context.memory.order();
    if (order !== null && !this.isHeard(order)) await this.resumeOrder(order);
  }

  /** One that is kept in Redis already. Nobody waits for the answer: one that cannot be carried out is dropped. */
  async resumeOrder(order: SwitchOrder): Promise<void> {
    const { memory, epoch, take, log } = this.context;
    try {
      const to = laneOfOrder(order, this.context.state().home);
      take({ is: 'ordered', order: { id: order.id, to, force: order.force } });
    } catch (error) {
      log.error('gpu_order.refused', error, { orderId: order.id });
      await memory.keepOrder(epoch, null);
    }
  }

  private async submitted({ jobId, job }: Extract<InboxEntry, { type: 'submitted' }>): Promise<void> {
    if (!this.isNew(jobId)) return;
    const stored = job === undefined ? await this.context.jobs.read(jobId) : { id: jobId, job };
    if (stored !== null) this.arrive(stored);
  }

  private isHeard({ id }: SwitchOrder): boolean {
    return this.context.state().lastOrderId === id;
  }

  private isNew(jobId: string): boolean {
    return !isKnown(this.context.state(), jobId) && !this.context.book.isEnding(jobId);
  }

  /** Jobs that are new to us and can be read; the others are refused. */
  private admissible(stored: readonly StoredJob[]): Arrival[] {
    return stored.flatMap(({ id, job }) => {
      if (!this.isNew(id)) return [];
      if (job === null) {
        this.context.log.warn('gpu_job.unreadable', { jobId: id });
        this.context.refuse(id);
        return [];
      }
      this.context.book.note(id, job);
      return [toArrival(id, job)];
    });
  }
}
