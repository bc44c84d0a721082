import { randomBytes } from 'node:crypto';
import type {
  GpuJob,
  GpuStatus,
  InboxEntry,
  LeaseRecord,
  NodeEvent,
  NodeStatus,
  QueueEntry,
  SwapEnd,
  SwapRecord,
} from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Log } from '@baton/platform';
import { apply, type Fact } from '../core/fact.ts';
import { isKnown, type Arrival } from '../core/facts.ts';
import { nextWakeMs } from '../core/policy.ts';
import type { Estimates } from '../core/estimates.ts';
import { createState, type Effect, type Ending, type GpuState, type Settings } from '../core/state.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import type { JobStore, StoredJob } from '../queue/job.store.ts';
import { endingOf, payloadOf } from './adoption.ts';
import { Effects, type EffectResults } from './effects.ts';
import type { GpuNode } from './gpu-node.client.ts';
import { toArrival, toLane } from './lanes.ts';
import { Publisher } from './publisher.ts';
import { Rounds } from './rounds.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';
import { queueEntries, statusOf, waitingViews } from './views.ts';

export interface TermContext {
  readonly node: string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: SchedulerMetrics;
  readonly leases: LeaseStore;
  readonly jobs: JobStore;
  readonly gpuNode: GpuNode;
  /** What former terms of this process have learned. */
  readonly estimates: Estimates | undefined;
  /** The term cannot go on: another scheduler leads, or something happened that nobody foresaw. */
  broken(error: unknown): void;
}

/**
 * One leadership, from the look around at its start to its end. The only place where the state is touched: facts come in
 * one at a time (`take`), the core decides without waiting for anything, and its effects run beside each other until
 * they come back as facts.
 */
export class Term {
  readonly epoch: number;
  private readonly context: TermContext;
  private readonly stopping = new AbortController();
  private readonly effects: Effects;
  private readonly publisher: Publisher;
  private readonly rounds: Rounds;
  private readonly payloads = new Map<string, GpuJob>();
  private readonly swaps = new Map<string, SwapRecord>();
  /** What arrives while the term still looks around. */
  private early: InboxEntry[] | null = [];
  private state: GpuState;
  private report: NodeStatus | null = null;
  private lastSwap: SwapRecord | null = null;
  private cancelWake: () => void = () => undefined;

  constructor(epoch: number, context: TermContext) {
    this.epoch = epoch;
    this.context = context;
    const { clock, settings, estimates } = context;
    this.state = createState({
      settings,
      // The epoch alone could come again after Redis has lost its data.
      term: `${epoch}-${randomBytes(3).toString('hex')}`,
      fence: 0,
      nowMs: clock.now(),
      ...(estimates === undefined ? {} : { estimates }),
    });
    this.effects = new Effects({
      epoch,
      clock,
      leases: context.leases,
      jobs: context.jobs,
      node: context.gpuNode,
      signal: this.stopping.signal,
      results: this.results(),
      payload: (jobId) => this.payloads.get(jobId),
      swapRecord: (swapId) => this.swaps.get(swapId) ?? null,
    });
    this.publisher = new Publisher({
      clock,
      views: () => waitingViews(this.state, clock.now()),
      status: () => this.status(),
      publish: (events, status) => context.leases.publish(epoch, events, status),
      failed: (error) => this.fail(error),
    });
    this.rounds = new Rounds({
      clock,
      leases: context.leases,
      jobs: context.jobs,
      gpuNode: context.gpuNode,
      epoch,
      state: () => this.state,
      lockOf: (leaseId) => this.effects.lockOf(leaseId),
      arrived: (job) => this.arrive(job),
      cancelled: (jobId) => this.cancel(jobId),
      vanished: (jobId) => this.take({ is: 'vanished', jobId }),
      expired: (leaseId) => this.take({ is: 'expired', leaseId }),
      released: (lease) => this.release(lease),
      reported: (status, askedAtTurn) => this.nodeReported(status, askedAtTurn),
      away: (error) => this.nodeAway(error),
      failed: (error) => this.fail(error),
    });
  }

  get estimates(): Estimates {
    return this.state.estimates;
  }

  /** Looks around (leases, waiting jobs, wishes to cancel), then serves. */
  async begin(): Promise<void> {
    const { leases, jobs } = this.context;
    try {
      const [fence, held, active, waiting, cancels] = await Promise.all([
        leases.highestFence(),
        leases.list(),
        jobs.activeIds(),
        jobs.waiting(),
        leases.cancels(),
      ]);
      this.state.fence = fence;
      const heldJobs = await Promise.all(held.map(({ jobId }) => jobs.read(jobId)));
      if (this.isOver()) return;
      held.forEach((lease, at) => this.adopt(lease, heldJobs[at]?.job ?? null));
      const leased = new Set(held.map(({ jobId }) => jobId));
      const orphans = active.filter((id) => !leased.has(id));
      for (const id of orphans) await jobs.putBack(id, null);
      const returned = await Promise.all(orphans.map((id) => jobs.read(id)));
      if (this.isOver()) return;
      this.arriveAll([...returned.flatMap((job) => job ?? []), ...waiting]);
      for (const jobId of cancels) await this.cancel(jobId);
      const early = this.early ?? [];
      this.early = null;
      for (const entry of early) await this.onInbox(entry);
      this.rounds.start();
      this.context.log.event('term.begin', {
        epoch: this.epoch,
        fence,
        waiting: this.state.jobs.size,
        adopted: held.length,
        putBack: orphans.length,
      });
    } catch (error) {
      this.fail(error);
    }
  }

  end(): void {
    this.stopping.abort(new Error('the term is over'));
    this.cancelWake();
    this.publisher.stop();
    this.rounds.stop();
  }

  /** A wake-up from the inbox. The truth is in Redis: an entry that was lost is found by the next round. */
  async onInbox(entry: InboxEntry): Promise<void> {
    if (this.early !== null) {
      this.early.push(entry);
      return;
    }
    try {
      if (entry.type === 'released') {
        this.take({ is: 'released', leaseId: entry.leaseId, outcome: entry.outcome });
      } else if (entry.type === 'cancel') {
        await this.cancel(entry.jobId);
      } else if (entry.type === 'submitted' && !isKnown(this.state, entry.jobId)) {
        if (entry.job !== undefined) this.arrive({ id: entry.jobId, job: entry.job });
        else await this.readAndArrive(entry.jobId);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  onNodeEvent(event: NodeEvent): void {
    switch (event.type) {
      case 'swap.phase':
        this.take({ is: 'swapPhase', swapId: event.swapId, phase: event.phase });
        return;
      case 'swap.ended':
        this.swapEnded(event.end);
        return;
      case 'engine.changed':
      case 'card.changed':
        this.seen(event);
        return;
      case 'node.started':
        this.rounds.lookAtNode();
    }
  }

  status(): GpuStatus {
    const { node } = this.context;
    return statusOf(this.state, { node, report: this.report, lastSwap: this.lastSwap, nowMs: this.now() });
  }

  queue(): QueueEntry[] {
    return queueEntries(this.state, this.payloads, this.now());
  }

  /** A question, not a field: the answer may change at every await. */
  private isOver(): boolean {
    return this.stopping.signal.aborted;
  }

  private now(): number {
    return this.context.clock.now();
  }

  /** After every fact: carry out what was decided, tell about it, and set the alarm for what time alone will change. */
  private take(fact: Fact): void {
    if (this.stopping.signal.aborted) return;
    for (const effect of apply(this.state, fact, this.now())) {
      this.context.metrics.decided(effect);
      if (effect.do === 'startSwap') this.logSwap(effect);
      this.effects.perform(effect).catch((error: unknown) => this.fail(error));
    }
    this.context.metrics.observe(this.state);
    this.publisher.changed();
    this.rounds.watchNode(this.state.swap !== null || !this.state.node.isPresent);
    this.cancelWake();
    const nowMs = this.now();
    const wakeMs = nextWakeMs(this.state, nowMs);
    if (wakeMs === null) return;
    this.cancelWake = this.context.clock.after(Math.max(1, wakeMs - nowMs), () => {
      this.take({ is: 'ticked' });
    });
  }

  private fail(error: unknown): void {
    if (!this.stopping.signal.aborted) this.context.broken(error);
  }

  private async readAndArrive(jobId: string): Promise<void> {
    const job = await this.context.jobs.read(jobId);
    if (job !== null) this.arrive(job);
  }

  private arrive(stored: StoredJob): void {
    this.arriveAll([stored]);
  }

  private arriveAll(stored: readonly StoredJob[]): void {
    const arrivals: Arrival[] = [];
    for (const { id, job } of stored) {
      if (job === null) this.refuseUnreadable(id);
      else if (!isKnown(this.state, id)) {
        this.payloads.set(id, job);
        arrivals.push(toArrival(id, job));
      }
    }
    this.take({ is: 'backlog', jobs: arrivals });
  }

  private refuseUnreadable(jobId: string): void {
    this.context.log.warn('gpu_job.unreadable', { jobId });
    const ending = { outcome: 'failed', code: 'call.refused' } as const;
    this.context.jobs
      .endWaiting(jobId, ending)
      .then(() =>
        this.context.leases.forget(this.epoch, {
          jobId,
          leaseId: null,
          event: { type: 'job.ended', jobId, ...ending },
        }),
      )
      .catch((error: unknown) => this.fail(error));
  }

  private async cancel(jobId: string): Promise<void> {
    if (!isKnown(this.state, jobId)) {
      const job = await this.context.jobs.read(jobId);
      if (job === null) {
        await this.context.leases.dropCancel(jobId);
        return;
      }
      // It is on its way to us; it must not be granted in between.
      if (job.job !== null && !isKnown(this.state, jobId)) {
        this.payloads.set(jobId, job.job);
        this.take({ is: 'cancelled', jobId, unseen: toArrival(jobId, job.job) });
        return;
      }
    }
    this.take({ is: 'cancelled', jobId });
  }

  /** The job may be gone, when the former leader died between ending it and forgetting the lease. */
  private adopt(lease: LeaseRecord, stored: GpuJob | null): void {
    const { leaseId, jobId, fence, grantedAtMs } = lease;
    this.effects.adopt(lease);
    const payload = stored ?? payloadOf(lease);
    this.payloads.set(jobId, payload);
    const job = toArrival(jobId, payload);
    this.take({ is: 'leaseFound', lease: { leaseId, job, fence, grantedAtMs, ending: endingOf(lease) } });
  }

  private release(lease: LeaseRecord): void {
    const { leaseId, outcome } = lease;
    if (outcome !== undefined) this.take({ is: 'released', leaseId, outcome });
  }

  private nodeReported(status: NodeStatus, askedAtTurn: number): void {
    this.report = status;
    const { bootId, highestFence, owner, swap, lastSwap, admitted } = status;
    this.shutOutStrangers(admitted);
    if (lastSwap !== null && lastSwap.swapId === this.state.swap?.id) this.swapEnded(lastSwap);
    this.take({
      is: 'nodeReported',
      report: {
        bootId,
        highestFence,
        owner: owner === null ? null : toLane(owner),
        swap:
          swap === null
            ? null
            : { swapId: swap.swapId, to: swap.to === null ? null : toLane(swap.to), phase: swap.phase },
        lastSwap: null,
        askedAtTurn,
      },
    });
  }

  /**
   * The guard lets somebody in whom nobody leads any more: a former leader died between the admission and the lease. Only
   * former terms' names are touched, so that a leader who does not know yet that it is a former one harms nobody.
   */
  private shutOutStrangers(admitted: readonly string[]): void {
    for (const leaseId of admitted) {
      if (this.state.running.has(leaseId) || Number.parseInt(leaseId, 10) >= this.epoch) continue;
      this.context.log.warn('lease.stranger', { leaseId });
      // Asked for again with the next report if it does not work.
      this.context.gpuNode.revoke(leaseId).catch(() => undefined);
    }
  }

  private nodeAway(error: unknown): void {
    if (!this.state.node.isPresent) return;
    this.context.log.error('node.away', error, { epoch: this.epoch });
    this.take({ is: 'nodeAway' });
  }

  /** From the stream or from a report, whichever comes first; the second is an echo. */
  private swapEnded(end: SwapEnd): void {
    if (end.swapId !== this.state.swap?.id) return;
    this.lastSwap = end.record;
    this.swaps.clear();
    this.swaps.set(end.swapId, end.record);
    this.context.metrics.swapEnded(end.outcome, end.record);
    this.context.log.event('swap.end', {
      swapId: end.swapId,
      fence: end.fence,
      outcome: end.outcome,
      ...(end.outcome === 'failed' ? { code: end.code } : {}),
      to: end.record.to?.engine ?? null,
      ms: end.record.total_ms,
      ...Object.fromEntries(end.record.phases.map(({ phase, ms }) => [`${phase}Ms`, ms])),
    });
    const isDone = end.outcome === 'done';
    const why = end.outcome === 'failed' ? { code: end.code } : {};
    const result = { swapId: end.swapId, isDone, tookMs: end.record.total_ms, ...why };
    this.take({ is: 'swapEnded', result });
  }

  private seen(event: Extract<NodeEvent, { type: 'engine.changed' | 'card.changed' }>): void {
    if (this.report === null) return;
    if (event.type === 'card.changed') this.report = { ...this.report, card: event.card };
    else {
      const others = this.report.engines.filter(({ engine }) => engine !== event.view.engine);
      this.report = { ...this.report, engines: [...others, event.view] };
    }
    this.publisher.changed();
  }

  private logSwap({ swap, reason }: Extract<Effect, { do: 'startSwap' }>): void {
    const { id, fence, from, to } = swap;
    this.context.log.event('swap.start', {
      swapId: id,
      fence,
      from: from?.key ?? null,
      to: to?.key ?? null,
      reason,
    });
  }

  private results(): EffectResults {
    return {
      granted: (leaseId, bootId) => {
        const job = this.state.running.get(leaseId)?.job;
        if (job !== undefined) this.context.metrics.granted(job.lane.engine, this.now() - job.submittedAtMs);
        this.take({ is: 'granted', leaseId, bootId });
      },
      grantFailed: (leaseId, why) => {
        this.context.log.warn('lease.grant_failed', { leaseId, why });
        this.take({ is: 'grantFailed', leaseId, why });
        if (why === 'refused') this.rounds.lookAtNode();
      },
      swapAccepted: (swapId) => this.take({ is: 'swapAccepted', swapId }),
      swapRefused: (swapId) => {
        this.context.log.warn('swap.refused', { swapId });
        this.take({ is: 'swapEnded', result: { swapId, isDone: false, tookMs: null } });
        this.rounds.lookAtNode();
      },
      doorShut: (leaseId, isQuiet) => this.take({ is: 'doorShut', leaseId, isQuiet }),
      ended: (job, ending) => this.ended(job.id, ending),
      nodeAway: (error) => this.nodeAway(error),
    };
  }

  private ended(jobId: string, { outcome, code }: Ending): void {
    const payload = this.payloads.get(jobId);
    this.payloads.delete(jobId);
    if (payload === undefined) return;
    this.context.metrics.jobEnded(payload.lane.engine, outcome);
    this.context.log.event('gpu_job.end', {
      jobId,
      correlationId: payload.correlationId,
      engine: payload.lane.engine,
      kind: payload.kind,
      outcome,
      ...(code === null ? {} : { code }),
      ms: this.now() - payload.submittedAtMs,
    });
  }
}
