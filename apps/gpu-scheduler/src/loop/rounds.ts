import type { LeaseRecord, NodeStatus } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { GpuState } from '../core/state.ts';
import { isKnown } from '../core/facts.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import { JOB_LOCK_MS, type JobStore, type StoredJob } from '../queue/job.store.ts';
import type { GpuNode } from './gpu-node.client.ts';

/** A lease is found to have expired this long after it did, at most. */
const EXPIRY_ROUND_MS = 500;
/** A lost wake-up costs its job this long. */
const REPAIR_ROUND_MS = 3_000;
/** Under a third of the lock's time. */
const LOCK_ROUND_MS = Math.floor(JOB_LOCK_MS / 4);
const NODE_ROUND_MS = 2_000;
/** While a swap is under way or the node is away. */
const NODE_ROUND_FAST_MS = 400;

export interface RoundsContext {
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly jobs: JobStore;
  readonly gpuNode: GpuNode;
  readonly epoch: number;
  readonly state: () => GpuState;
  readonly lockOf: (leaseId: string) => string;
  readonly arrived: (job: StoredJob) => void;
  /** A job that had been claimed and not granted waits again. */
  readonly putBack: (job: StoredJob) => void;
  readonly cancelled: (jobId: string) => Promise<void>;
  /** Takes in a switch by hand that nobody has told of. */
  readonly findOrder: () => Promise<void>;
  readonly vanished: (jobId: string) => void;
  readonly expired: (leaseId: string) => void;
  readonly released: (lease: LeaseRecord) => void;
  readonly reported: (status: NodeStatus, askedAtTurn: number) => void;
  readonly away: (error: unknown) => void;
  /** What we know is what Redis says again. */
  readonly repaired: () => void;
  readonly failed: (error: unknown) => void;
}

/** What a term looks after again and again, so that no lost message is the end of anything. */
export class Rounds {
  private readonly context: RoundsContext;
  private readonly timers = new Map<string, () => void>();
  private isOver = false;
  private isStarted = false;
  private isNodeWatched = false;
  private isAskingNode = false;
  private orphans: ReadonlySet<string> = new Set();
  private missing: ReadonlySet<string> = new Set();

  constructor(context: RoundsContext) {
    this.context = context;
  }

  start(): void {
    this.isStarted = true;
    this.lookAtNode();
    this.repeat('expiry', EXPIRY_ROUND_MS, () => this.findExpired());
    this.repeat('repair', REPAIR_ROUND_MS, () => this.repair());
    this.repeat('locks', LOCK_ROUND_MS, () => this.extendLocks());
  }

  stop(): void {
    this.isOver = true;
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }

  /** Looks at the node more often while there is something to wait for. */
  watchNode(isClosely: boolean): void {
    if (isClosely === this.isNodeWatched) return;
    this.isNodeWatched = isClosely;
    if (this.isStarted && !this.isAskingNode) this.armNode();
  }

  lookAtNode(): void {
    void this.askNode();
  }

  private async askNode(): Promise<void> {
    if (this.isAskingNode || this.hasStopped()) return;
    this.isAskingNode = true;
    const turn = this.context.state().nodeTurns;
    try {
      const status = await this.context.gpuNode.status();
      if (!this.hasStopped()) this.context.reported(status, turn);
    } catch (error) {
      if (!this.hasStopped()) this.context.away(error);
    }
    this.isAskingNode = false;
    this.armNode();
  }

  private armNode(): void {
    this.arm('node', this.isNodeWatched ? NODE_ROUND_FAST_MS : NODE_ROUND_MS, () => this.lookAtNode());
  }

  private async findExpired(): Promise<void> {
    for (const leaseId of await this.context.leases.expired(this.context.epoch))
      this.context.expired(leaseId);
  }

  private async extendLocks(): Promise<void> {
    const { context } = this;
    const running = [...context.state().running.values()].filter(({ stage }) => stage !== 'granting');
    await context.jobs.extendLocks(
      context.epoch,
      running.map(({ leaseId, job }) => ({ jobId: job.id, token: context.lockOf(leaseId) })),
    );
  }

  /** Compares what we know with what Redis says. What arrived while we looked is left for the next time. */
  private async repair(): Promise<void> {
    const { jobs, leases, state, arrived, cancelled, vanished, expired, released } = this.context;
    const before = new Set(state().jobs.keys());
    const live = [...state().running.values()].filter(({ stage }) => stage === 'live');
    const [waiting, active, cancels, held] = await Promise.all([
      jobs.waitingIds(),
      jobs.activeIds(),
      leases.cancels(),
      leases.list(),
    ]);
    if (this.hasStopped()) return;
    for (const lease of held) if (lease.state === 'released') released(lease);
    // Redis has lost its record: nobody can renew it or give it back any more, and it will never show as expired.
    const recorded = new Set(held.map(({ leaseId }) => leaseId));
    for (const { leaseId } of live) if (!recorded.has(leaseId)) expired(leaseId);
    for (const jobId of waiting) {
      if (isKnown(state(), jobId)) continue;
      const job = await jobs.read(jobId);
      if (job !== null && !this.hasStopped()) arrived(job);
    }
    this.findVanished(before, new Set([...waiting, ...active]), vanished);
    for (const jobId of cancels) await cancelled(jobId);
    await this.putBackOrphans(active, new Set(held.map(({ jobId }) => jobId)));
    await this.context.findOrder();
    this.context.repaired();
  }

  /** Not in the queue twice in a row: one that is put back while we look is in neither list for that moment. */
  private findVanished(
    known: ReadonlySet<string>,
    inQueue: ReadonlySet<string>,
    vanished: (jobId: string) => void,
  ): void {
    const missing = new Set([...known].filter((jobId) => !inQueue.has(jobId)));
    for (const jobId of missing) if (this.missing.has(jobId)) vanished(jobId);
    this.missing = missing;
  }

  /** Active, without a lease, and unknown to us twice in a row: whoever claimed it has died before the grant. */
  private async putBackOrphans(active: readonly string[], leased: ReadonlySet<string>): Promise<void> {
    const { jobs, state, putBack, epoch } = this.context;
    const found = active.filter((jobId) => !leased.has(jobId) && !isKnown(state(), jobId));
    for (const jobId of found) {
      if (!this.orphans.has(jobId) || this.hasStopped()) continue;
      await jobs.putBack(epoch, jobId, null);
      const job = await jobs.read(jobId);
      if (job !== null) putBack(job);
    }
    this.orphans = new Set(found);
  }

  private repeat(name: string, everyMs: number, round: () => Promise<void>): void {
    this.arm(name, everyMs, () => {
      round().then(
        () => this.repeat(name, everyMs, round),
        (error: unknown) => {
          if (!this.hasStopped()) this.context.failed(error);
        },
      );
    });
  }

  /** A question, not a field: the answer may change at every await. */
  private hasStopped(): boolean {
    return this.isOver;
  }

  private arm(name: string, ms: number, run: () => void): void {
    if (this.hasStopped()) return;
    this.timers.get(name)?.();
    this.timers.set(name, this.context.clock.after(ms, run));
  }
}
