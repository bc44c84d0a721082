import { apply, type Fact } from '../fact.ts';
import type { Arrival, GrantFailure } from '../facts.ts';
import type { Lane } from '../lane-queue.ts';
import { nextWakeMs } from '../policy.ts';
import {
  createState,
  type Effect,
  type GpuState,
  type Outcome,
  type Settings,
  type Swap,
  type SwapCause,
} from '../state.ts';
import type { TraceLine } from '../trace.ts';
import { Agenda, Chance, must } from './agenda.ts';
import { checkGrant, checkState, checkSwap } from './checks.ts';
import { ProofNode, type SwapEnd } from './node.ts';

/** Every time that passes between two programs. */
const NEAR_MS = 5;
const FAR_MS = 400;
const LOOK_MS = 2_000;
const REPORT_MS = 1_000;
const EXPIRY_MS = 5_000;
const CHORE_PATIENCE_MS = 60_000;

export interface ProofJob {
  readonly arrival: Arrival;
  readonly workMs: number;
  /** As BullMQ has it. `claimed` without a lease is put back by a new leader. */
  place: 'queued' | 'claimed' | 'ended';
  outcome: Outcome | null;
  code: string | null;
  /** Asked for while it waited: it must never reach an engine. */
  isCancelledWaiting: boolean;
  isCancelAsked: boolean;
  grantedAtMs: number | null;
}

/** As Redis has it. */
interface ProofLease {
  readonly leaseId: string;
  readonly job: ProofJob;
  readonly fence: number;
  readonly grantedAtMs: number;
  state: 'live' | 'released' | 'revoked';
  outcome: Outcome | null;
  isCrashed: boolean;
}

export interface WorldOptions {
  readonly seed: number;
  readonly settings: Settings;
  readonly owner: Lane | null;
  /** Probability that an answer or a notice is lost on its way; then the next round finds out. */
  readonly losses: number;
  readonly swapMs: { readonly least: number; readonly most: number };
  /** Whether `trace` is kept: it costs more than everything else together. */
  readonly isRecorded: boolean;
}

export interface ProofSwap {
  readonly atMs: number;
  readonly swap: Swap;
  readonly reason: SwapCause;
}

/**
 * Everything around the core, in virtual time: submitters, holders that crash, a queue and leases that outlive a leader, a
 * node that goes away, starts anew, fails swaps, and answers late or never. The core's effects are carried out by the same
 * rules as the loop's: a lost answer is asked for again, a leader's unfinished business is found by the next one.
 */
export class World {
  readonly jobs = new Map<string, ProofJob>();
  readonly trace: TraceLine[] = [];
  readonly agenda = new Agenda();
  readonly node: ProofNode;
  readonly orders = new Map<string, string>();
  state: GpuState;
  readonly swaps: ProofSwap[] = [];
  onGrant: (job: ProofJob) => void = () => undefined;
  private readonly options: WorldOptions;
  private readonly chance: Chance;
  private readonly leases = new Map<string, ProofLease>();
  private leader = {};
  private terms = 0;
  private fence = 0;
  private losses: number;
  private wakes = 0;
  private submitted = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.losses = options.losses;
    this.chance = new Chance(options.seed);
    this.node = new ProofNode({
      agenda: this.agenda,
      chance: this.chance,
      owner: options.owner,
      slots: options.settings.ollamaSlots,
      swapEnded: (end) => this.tellSwapEnded(end),
    });
    this.state = this.lead();
    this.repeat(REPORT_MS, () => this.lookAtNode());
    this.repeat(LOOK_MS, () => this.lookAtLeases());
    this.agenda.runUntil(100);
  }

  get nowMs(): number {
    return this.agenda.nowMs;
  }

  /** Whoever submits a chore gives it up when it has not begun in time. */
  submit(lane: Lane, userId: number, workMs: number, urgency?: 'background' | 'chore'): ProofJob {
    this.submitted += 1;
    const id = `j${this.submitted}`;
    const guess = this.chance.between(workMs / 2, workMs * 2);
    const urgent = urgency === undefined ? {} : { urgency };
    const arrival = {
      id,
      lane,
      userId,
      estimateMs: Math.max(1, guess),
      submittedAtMs: this.nowMs,
      ...urgent,
    };
    const job: ProofJob = {
      arrival,
      workMs,
      place: 'queued',
      outcome: null,
      code: null,
      isCancelledWaiting: false,
      isCancelAsked: false,
      grantedAtMs: null,
    };
    this.jobs.set(id, job);
    this.take({ is: 'arrived', job: arrival });
    if (urgency === 'chore') {
      this.agenda.after(CHORE_PATIENCE_MS, () => {
        if (job.place === 'queued') this.cancelJob(job);
      });
    }
    return job;
  }

  cancel(pick: number): void {
    const job = this.pick(
      [...this.jobs.values()].filter(({ place }) => place !== 'ended'),
      pick,
    );
    if (job !== undefined) this.cancelJob(job);
  }

  private cancelJob(job: ProofJob): void {
    job.isCancelAsked = true;
    const isHeld = [...this.leases.values()].some((lease) => lease.job === job);
    if (!isHeld) job.isCancelledWaiting = true;
    this.take({ is: 'cancelled', jobId: job.arrival.id });
  }

  /** The holder is gone: nobody renews, nobody gives back. */
  crashHolder(pick: number): void {
    const lease = this.pick(
      [...this.leases.values()].filter(({ state }) => state === 'live'),
      pick,
    );
    if (lease === undefined) return;
    lease.isCrashed = true;
    this.agenda.after(EXPIRY_MS, () => this.take({ is: 'expired', leaseId: lease.leaseId }));
  }

  nodeAway(ms: number): void {
    this.node.isUp = false;
    this.agenda.after(ms, () => {
      this.node.isUp = true;
    });
  }

  order(to: Lane, force: boolean): void {
    const id = `o${this.orders.size + 1}`;
    this.orders.set(id, 'placed');
    this.take({ is: 'ordered', order: { id, to, force } });
  }

  /** The leader dies with everything that it had under way; another one looks around and goes on. */
  changeLeader(): void {
    for (const [id, state] of this.orders) if (state === 'placed') this.orders.set(id, 'forgotten');
    this.state = this.lead();
    for (const lease of this.leases.values()) {
      const { leaseId, fence, grantedAtMs, job } = lease;
      const ending = this.endingOf(lease);
      this.take({ is: 'leaseFound', lease: { leaseId, fence, grantedAtMs, job: job.arrival, ending } });
    }
    const leased = new Set([...this.leases.values()].map(({ job }) => job));
    const waiting = [...this.jobs.values()].filter((job) => job.place !== 'ended' && !leased.has(job));
    for (const job of waiting) job.place = 'queued';
    this.take({ is: 'backlog', jobs: waiting.map(({ arrival }) => arrival) });
    for (const job of this.jobs.values()) {
      if (job.isCancelAsked && job.place !== 'ended') this.take({ is: 'cancelled', jobId: job.arrival.id });
    }
    this.lookAtNode();
  }

  /** From here on everything works, and whatever is still open comes to its end. */
  settle(withinMs: number): void {
    this.losses = 0;
    this.node.failures = 0;
    this.node.isUp = true;
    const endMs = this.nowMs + withinMs;
    while (this.nowMs < endMs && this.isOpen()) {
      this.agenda.runUntil(this.nowMs + 10_000);
    }
  }

  private isOpen(): boolean {
    const isPlaced = [...this.orders.values()].includes('placed');
    return isPlaced || [...this.jobs.values()].some(({ place }) => place !== 'ended');
  }

  private lead(): GpuState {
    this.leader = {};
    this.terms += 1;
    const estimates = this.terms === 1 ? undefined : this.state.estimates;
    const { settings } = this.options;
    const term = `${this.terms}`;
    const beginning = { settings, term, fence: this.fence, nowMs: this.nowMs };
    const state = createState(estimates === undefined ? beginning : { ...beginning, estimates });
    const { fence, nowMs } = beginning;
    this.record({ is: 'term', term, fence, atMs: nowMs, settings, estimates: state.estimates });
    return state;
  }

  /** As text at once: the state goes on changing what an effect refers to. */
  private record(line: TraceLine): void {
    const read: unknown = JSON.parse(JSON.stringify(line));
    this.trace.push(read as TraceLine);
  }

  private take(fact: Fact): void {
    const { state } = this;
    const { visit } = state;
    const before = { visit, waiting: state.lanes.get(visit?.lane.key ?? '')?.size ?? 0, order: state.order };
    const effects = apply(state, fact, this.nowMs);
    if (this.options.isRecorded) this.record({ is: 'fact', atMs: this.nowMs, fact, effects });
    checkState(state, this.nowMs);
    for (const effect of effects) {
      if (effect.do === 'grant') checkGrant(state, effect, this.nowMs);
      if (effect.do === 'startSwap') {
        this.swaps.push({ atMs: this.nowMs, swap: effect.swap, reason: effect.reason });
        checkSwap(state, effect, { ...before, nowMs: this.nowMs });
      }
      this.perform(effect);
    }
    this.wakes += 1;
    const wake = this.wakes;
    const wakeMs = nextWakeMs(state, this.nowMs);
    if (wakeMs === null) return;
    this.agenda.after(Math.max(1, wakeMs - this.nowMs), () => {
      if (this.wakes === wake) this.take({ is: 'ticked' });
    });
  }

  /** A former leader's late hands do nothing: every script of its quotes an old epoch. */
  private later(ms: number, run: () => void): void {
    const { leader } = this;
    this.agenda.after(ms, () => {
      if (this.leader === leader) run();
    });
  }

  private wait(): number {
    return this.chance.happens(0.1) ? this.chance.between(NEAR_MS, FAR_MS) : this.chance.between(0, NEAR_MS);
  }

  private repeat(everyMs: number, run: () => void): void {
    this.agenda.after(everyMs, () => {
      run();
      this.repeat(everyMs, run);
    });
  }

  private pick<One>(from: readonly One[], at: number): One | undefined {
    return from[at % Math.max(1, from.length)];
  }

  private perform(effect: Effect): void {
    switch (effect.do) {
      case 'grant':
        this.later(this.wait(), () => this.admit(effect));
        return;
      case 'startSwap':
        this.fence = Math.max(this.fence, effect.swap.fence);
        // Sent on even when its leader is gone by then: the guard looks at the fence.
        this.sendSwap(effect.swap, this.wait(), this.leader);
        return;
      case 'close':
        this.close(effect.leaseId, effect.revoke !== null);
        return;
      case 'finish':
        this.later(this.wait(), () =>
          this.finish(effect.leaseId, effect.job.id, effect.ending.outcome, effect.ending.code),
        );
        return;
      case 'end':
        this.later(this.wait(), () => this.end(effect.job.id, effect.ending.outcome, effect.ending.code));
        return;
      case 'orderDone':
        must(this.orders.get(effect.orderId) === 'placed', 'an order ends once');
        this.orders.set(effect.orderId, effect.outcome);
    }
  }

  private admit({ leaseId, job: { id, lane }, fence }: Extract<Effect, { do: 'grant' }>): void {
    const job = this.jobs.get(id);
    if (job?.place !== 'queued') {
      this.failGrant(leaseId, 'job_gone');
      return;
    }
    job.place = 'claimed';
    const isAnswered = this.node.isUp && !this.chance.happens(this.losses);
    const isAdmitted = this.node.isUp && this.node.admit(leaseId, lane, fence);
    const { bootId } = this.node;
    this.later(this.wait(), () => {
      if (isAnswered && isAdmitted && !job.isCancelAsked) {
        this.store({ leaseId, job, fence, bootId });
        return;
      }
      this.node.shut(leaseId);
      job.place = 'queued';
      this.failGrant(leaseId, !isAnswered ? 'away' : isAdmitted ? 'cancelled' : 'refused');
    });
  }

  private failGrant(leaseId: string, why: GrantFailure): void {
    this.take({ is: 'grantFailed', leaseId, why });
  }

  private store(grant: { leaseId: string; job: ProofJob; fence: number; bootId: string }): void {
    const { leaseId, job, fence, bootId } = grant;
    const rest = { state: 'live', outcome: null, isCrashed: false } as const;
    const lease: ProofLease = { leaseId, job, fence, grantedAtMs: this.nowMs, ...rest };
    this.leases.set(leaseId, lease);
    job.grantedAtMs ??= this.nowMs;
    this.onGrant(job);
    this.agenda.after(this.wait(), () => this.hold(lease));
    this.take({ is: 'granted', leaseId, bootId });
  }

  private hold(lease: ProofLease): void {
    const { job, leaseId } = lease;
    if (lease.isCrashed || lease.state !== 'live') return;
    const isLetIn = this.node.work(leaseId, job.arrival.lane);
    if (isLetIn) must(!job.isCancelledWaiting, 'I10: cancelled while waiting, never on an engine');
    this.agenda.after(isLetIn ? job.workMs : NEAR_MS, () => {
      const isDone = this.node.working.delete(leaseId);
      if (lease.isCrashed || lease.state !== 'live') return;
      lease.state = 'released';
      lease.outcome = isDone ? 'completed' : 'failed';
      const { outcome } = lease;
      if (!this.chance.happens(this.losses)) this.take({ is: 'released', leaseId, outcome });
    });
  }

  private sendSwap(swap: Swap, ms: number, leader: object): void {
    this.agenda.after(ms, () => this.startSwap(swap, leader));
  }

  private startSwap(swap: Swap, leader: object): void {
    const isLeading = this.leader === leader;
    if (!this.node.isUp) {
      if (isLeading) this.take({ is: 'nodeAway' });
      if (isLeading) this.sendSwap(swap, 300, leader);
      return;
    }
    const { least, most } = this.options.swapMs;
    const isAccepted = this.node.startSwap(swap, this.chance.between(least, most));
    if (this.chance.happens(this.losses)) this.sendSwap(swap, this.chance.between(300, 3_000), leader);
    else if (isAccepted) this.take({ is: 'swapAccepted', swapId: swap.id });
    else this.take({ is: 'swapEnded', result: { swapId: swap.id, isDone: false, tookMs: null } });
  }

  private tellSwapEnded(end: SwapEnd): void {
    if (!this.chance.happens(this.losses)) this.take({ is: 'swapEnded', result: end });
  }

  private close(leaseId: string, isRevoked: boolean): void {
    this.later(this.wait(), () => {
      const lease = this.leases.get(leaseId);
      if (isRevoked && lease?.state === 'live') lease.state = 'revoked';
      if (!this.node.isUp || this.chance.happens(this.losses)) {
        if (!this.node.isUp) this.take({ is: 'nodeAway' });
        this.later(300, () => this.close(leaseId, isRevoked));
        return;
      }
      this.node.shut(leaseId);
      this.take({ is: 'doorShut', leaseId, isQuiet: !this.chance.happens(this.losses / 4) });
    });
  }

  private finish(leaseId: string, jobId: string, outcome: Outcome, code: string | null): void {
    this.end(jobId, outcome, code);
    this.leases.delete(leaseId);
  }

  private end(jobId: string, outcome: Outcome, code: string | null): void {
    const job = this.jobs.get(jobId);
    if (job === undefined) return;
    must(job.place !== 'ended', 'I3: a job ends once');
    job.place = 'ended';
    job.outcome = outcome;
    job.code = code;
  }

  private endingOf({ state, outcome }: ProofLease): { outcome: Outcome; code: string | null } | null {
    if (state === 'live') return null;
    return state === 'released'
      ? { outcome: outcome ?? 'failed', code: null }
      : { outcome: 'failed', code: 'gpu.lease_lost' };
  }

  private lookAtNode(): void {
    if (!this.node.isUp) {
      this.take({ is: 'nodeAway' });
      return;
    }
    const report = this.node.report(this.state);
    this.later(this.wait(), () => this.take({ is: 'nodeReported', report }));
  }

  private lookAtLeases(): void {
    for (const { leaseId, state, outcome, isCrashed } of [...this.leases.values()]) {
      if (state === 'released' && outcome !== null) this.take({ is: 'released', leaseId, outcome });
      // A crash before a change of leader: the expiry is in Redis, not in a leader's head.
      else if (state === 'live' && isCrashed) this.take({ is: 'expired', leaseId });
    }
  }
}
