import { randomBytes } from 'node:crypto';
import type {
  GpuJob,
  GpuStatus,
  InboxEntry,
  LeaseRecord,
  NodeEvent,
  QueueEntry,
  SwitchOrder,
  VisitRecord,
  WaitingView,
} from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Log } from '@baton/platform';
import { apply, type Fact } from '../core/fact.ts';
import { isKnown } from '../core/facts.ts';
import { estimatesFrom } from '../core/estimates.ts';
import { nextWakeMs } from '../core/policy.ts';
import { createState, type Effect, type Ending, type GpuState, type Settings } from '../core/state.ts';
import type { HistoryStore } from '../leases/history.store.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import type { MemoryStore } from '../leases/memory.store.ts';
import type { JobStore } from '../queue/job.store.ts';
import { endingOf, leaseHistoryOf, payloadOf } from './adoption.ts';
import { Effects, type EffectResults } from './effects.ts';
import type { GpuNode } from './gpu-node.client.ts';
import { JobBook } from './job-book.ts';
import { Intake } from './intake.ts';
import { toArrival, toLane } from './lanes.ts';
import { lookAround, type Surroundings } from './look-around.ts';
import { NodeWatch } from './node-watch.ts';
import { PolicyTime } from './policy-time.ts';
import { Publisher } from './publisher.ts';
import { Rounds } from './rounds.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';
import { TermLog } from './term-log.ts';
import { TermMemory } from './term-memory.ts';
import { queueEntries, statusOf, waitingViews } from './views.ts';

export interface TermContext {
  readonly node: string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: SchedulerMetrics;
  readonly leases: LeaseStore;
  readonly jobs: JobStore;
  readonly history: HistoryStore;
  readonly memory: MemoryStore;
  readonly gpuNode: GpuNode;
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
  private readonly time: PolicyTime;
  private readonly stopping = new AbortController();
  private readonly effects: Effects;
  private readonly publisher: Publisher;
  private readonly rounds: Rounds;
  private readonly jobs = new JobBook();
  private readonly node: NodeWatch;
  private readonly memory: TermMemory;
  private readonly log: TermLog;
  private readonly intake: Intake;
  private state: GpuState;
  private cancelWake: () => void = () => undefined;

  constructor(epoch: number, context: TermContext) {
    this.epoch = epoch;
    this.context = context;
    const { clock, settings, log, metrics } = context;
    this.time = new PolicyTime(clock);
    this.log = new TermLog(log, metrics);
    this.state = createState({
      settings,
      // The epoch alone could come again after Redis has lost its data.
      term: `${epoch}-${randomBytes(3).toString('hex')}`,
      fence: 0,
      nowMs: this.now(),
    });
    this.memory = this.makeMemory();
    this.node = this.makeNodeWatch();
    this.intake = this.makeIntake();
    this.effects = this.makeEffects();
    this.publisher = this.makePublisher();
    this.rounds = this.makeRounds();
  }

  /** Looks around, then serves. */
  async begin(): Promise<void> {
    try {
      const found = await lookAround(this.epoch, this.context);
      if (this.isOver()) return;
      await this.takeOver(found);
      await this.intake.open();
      this.rounds.start();
      this.context.log.event('term.begin', {
        node: this.context.node,
        epoch: this.epoch,
        fence: found.fence,
        waiting: this.state.jobs.size,
        adopted: found.held.length,
        putBack: found.putBack,
      });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Resolves when what the next term should know is in Redis, or will not be. */
  async end(): Promise<void> {
    this.stopping.abort(new Error('the term is over'));
    this.cancelWake();
    this.publisher.stop();
    this.rounds.stop();
    await this.memory.end();
  }

  async onInbox(entry: InboxEntry): Promise<void> {
    try {
      await this.intake.heed(entry);
    } catch (error) {
      this.fail(error);
    }
  }

  onNodeEvent(event: NodeEvent): void {
    // Until the term has looked around it must not decide anything; then it asks the node first.
    if (!this.intake.isOpen) return;
    this.node.heard(event);
  }

  /** A switch by hand. @throws AppError `request.invalid` when no model is named and none is known */
  order(order: SwitchOrder): Promise<'done' | 'accepted'> {
    return this.intake.order(order);
  }

  status(): GpuStatus {
    const { node } = this.context;
    const { report, lastSwap } = this.node;
    return statusOf(this.state, { node, report, lastSwap, nowMs: this.now() });
  }

  queue(): QueueEntry[] {
    return queueEntries(this.state, this.jobs.all, this.now());
  }

  /** The visit under way, for the history; those that are over are in Redis by then. */
  visit(): Promise<VisitRecord | null> {
    return this.memory.visit();
  }

  /** A question, not a field: the answer may change at every await. */
  private isOver(): boolean {
    return this.stopping.signal.aborted;
  }

  private now(): number {
    return this.time.now();
  }

  /** After every fact: carry out what was decided, tell about it, and set the alarm for what time alone will change. */
  private take(fact: Fact): void {
    if (this.stopping.signal.aborted) return;
    const nowMs = this.now();
    const effects = apply(this.state, fact, nowMs);
    for (const effect of effects) this.carryOut(effect, nowMs);
    this.memory.follow(nowMs);
    this.context.metrics.observe(this.state);
    this.publisher.changed();
    this.rounds.watchNode(this.state.swap !== null || !this.state.node.isPresent);
    this.cancelWake();
    const wakeMs = nextWakeMs(this.state, nowMs);
    if (wakeMs === null) return;
    this.cancelWake = this.context.clock.after(Math.max(1, wakeMs - nowMs), () => {
      this.take({ is: 'ticked' });
    });
  }

  private carryOut(effect: Effect, nowMs: number): void {
    this.log.decided(effect);
    this.memory.decided(effect, nowMs);
    if (effect.do === 'finish' || effect.do === 'end') this.jobs.ends(effect.job.id);
    this.effects.perform(effect).catch((error: unknown) => this.fail(error));
  }

  private fail(error: unknown): void {
    if (!this.stopping.signal.aborted) this.context.broken(error);
  }

  /** Builds the state from what was found; nothing is decided before the leases are in. */
  private async takeOver({
    learned,
    visit,
    fence,
    held,
    waiting,
    order,
    cancels,
  }: Surroundings): Promise<void> {
    this.state.fence = fence;
    this.state.estimates = estimatesFrom(learned?.estimates);
    const home = learned?.home ?? null;
    if (home !== null) this.state.home = toLane(home);
    this.memory.begin(visit);
    for (const { lease, job } of held) this.adopt(lease, job);
    this.intake.takeBack(waiting);
    for (const jobId of cancels) await this.intake.cancel(jobId);
    if (order !== null) await this.intake.resumeOrder(order);
  }

  /** The job may be gone, when the former leader died between ending it and forgetting the lease. */
  private adopt(lease: LeaseRecord, stored: GpuJob | null): void {
    const { leaseId, jobId, fence, grantedAtMs } = lease;
    this.effects.adopt(lease);
    const payload = stored ?? payloadOf(lease);
    this.jobs.note(jobId, payload);
    this.memory.visits.found(leaseHistoryOf(lease, payload));
    const job = toArrival(jobId, payload);
    this.take({ is: 'leaseFound', lease: { leaseId, job, fence, grantedAtMs, ending: endingOf(lease) } });
  }

  /** Its payload cannot be read: nobody could work on it. */
  private refuse(jobId: string): void {
    this.jobs.ends(jobId);
    const ending = { outcome: 'failed', code: 'call.refused' } as const;
    this.effects.refuse(jobId, ending).catch((error: unknown) => this.fail(error));
  }

  private release(lease: LeaseRecord): void {
    const { leaseId, outcome } = lease;
    if (outcome !== undefined) this.take({ is: 'released', leaseId, outcome });
  }

  private views(): WaitingView[] {
    const nowMs = this.now();
    const views = waitingViews(this.state, nowMs);
    for (const { jobId, etaP50Ms } of views)
      if (etaP50Ms !== null) this.jobs.promised(jobId, nowMs + etaP50Ms);
    return views;
  }

  private makeMemory(): TermMemory {
    const { node, clock, history, memory } = this.context;
    return new TermMemory({
      epoch: this.epoch,
      node,
      clock,
      history,
      memory,
      state: () => this.state,
      payload: (jobId) => this.jobs.payload(jobId),
      failed: (error) => this.fail(error),
    });
  }

  private makeNodeWatch(): NodeWatch {
    const { gpuNode, log } = this.context;
    return new NodeWatch({
      epoch: this.epoch,
      gpuNode,
      log,
      termLog: this.log,
      visits: this.memory.visits,
      state: () => this.state,
      now: () => this.now(),
      take: (fact) => this.take(fact),
      shown: () => this.publisher.changed(),
      ask: () => this.rounds.lookAtNode(),
    });
  }

  private makeIntake(): Intake {
    const { jobs, leases, memory, log } = this.context;
    return new Intake({
      epoch: this.epoch,
      jobs,
      leases,
      memory,
      log,
      book: this.jobs,
      state: () => this.state,
      take: (fact) => this.take(fact),
      refuse: (jobId) => this.refuse(jobId),
    });
  }

  private makeEffects(): Effects {
    const { clock, leases, jobs, gpuNode, memory } = this.context;
    return new Effects({
      epoch: this.epoch,
      clock,
      leases,
      jobs,
      memory,
      node: gpuNode,
      signal: this.stopping.signal,
      results: this.results(),
      now: () => this.now(),
      payload: (jobId) => this.jobs.payload(jobId),
      swapRecord: (swapId) => this.node.swapRecord(swapId),
    });
  }

  private makePublisher(): Publisher {
    return new Publisher({
      clock: this.context.clock,
      views: () => this.views(),
      status: () => this.status(),
      publish: (events, status) => this.context.leases.publish(this.epoch, events, status),
      failed: (error) => this.fail(error),
    });
  }

  private makeRounds(): Rounds {
    const { clock, leases, jobs, gpuNode } = this.context;
    return new Rounds({
      clock,
      leases,
      jobs,
      gpuNode,
      epoch: this.epoch,
      state: () => this.state,
      lockOf: (leaseId) => this.effects.lockOf(leaseId),
      arrived: (job) => this.intake.arrive(job),
      putBack: (job) => this.intake.takeBack([job]),
      cancelled: (jobId) => this.intake.cancel(jobId),
      findOrder: () => this.intake.findOrder(),
      vanished: (jobId) => this.take({ is: 'vanished', jobId }),
      expired: (leaseId) => this.take({ is: 'expired', leaseId }),
      released: (lease) => this.release(lease),
      reported: (status, askedAtTurn) => this.node.reported(status, askedAtTurn),
      away: (error) => this.node.away(error),
      repaired: () => this.jobs.sweep((jobId) => isKnown(this.state, jobId)),
      failed: (error) => this.fail(error),
    });
  }

  private results(): EffectResults {
    return {
      granted: (leaseId, bootId) => this.granted(leaseId, bootId),
      grantFailed: (leaseId, why) => {
        this.context.log.warn('lease.grant_failed', { leaseId, why });
        this.memory.visits.grantFailed(leaseId);
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
      ended: (jobId, ending) => this.ended(jobId, ending),
      orderEnded: (order) => this.log.orderEnded(order),
      nodeAway: (error) => this.node.away(error),
    };
  }

  private granted(leaseId: string, bootId: string): void {
    const job = this.state.running.get(leaseId)?.job;
    if (job !== undefined) {
      const promise = this.jobs.promise(job.id);
      this.log.granted(job, promise === null ? null : promise - job.submittedAtMs, this.now());
    }
    this.memory.visits.granted(leaseId, this.now());
    this.take({ is: 'granted', leaseId, bootId });
  }

  private ended(jobId: string, ending: Ending): void {
    const payload = this.jobs.payload(jobId);
    this.jobs.forget(jobId);
    if (payload !== undefined) this.log.jobEnded(jobId, payload, ending, this.now());
  }
}
