import { Card } from './card.ts';
import type { Lane } from '../core/lane-queue.ts';
import type { JobRecord, SimJob } from './job.ts';
import type { Order, Policy, PolicyKind } from './policy.ts';
import type { Random } from './random.ts';
import { drawSwapMs, type SwapCosts } from './swap-costs.ts';
import { Calendar } from './calendar.ts';

/** A world to put a policy into. */
export interface World {
  /** Arrivals that come whatever the policy does. */
  readonly arrivals: readonly SimJob[];
  /** What an end brings about: the next question of the same person, a title. Same answer for every policy. */
  readonly afterEnd: (job: SimJob, endedMs: number) => readonly SimJob[];
  readonly costs: SwapCosts;
  readonly slots: number;
  readonly alpha: number;
  readonly resident: Lane | null;
  /** Time is accounted up to here; the run itself goes on until everybody is served. */
  readonly horizonMs: number;
}

/** Where the time went, up to the horizon or the last end. */
export interface Account {
  servingMs: number;
  swappingMs: number;
  idleWithBacklogMs: number;
  idleMs: number;
  swaps: number;
}

export interface RunResult {
  readonly records: readonly JobRecord[];
  readonly account: Account;
  /** When the last job ended. */
  readonly makespanMs: number;
}

/** A run that needs more steps than this for a job is a policy that swaps for ever. */
const MAX_STEPS_PER_JOB = 200;

/** Plays the world under the policy until every arrival has ended once. @throws Error for a policy that serves nobody */
export function run(kind: PolicyKind, world: World, random: Random): RunResult {
  return new Run(kind, world, random).play();
}

class Run {
  private readonly policy: Policy;
  private readonly world: World;
  private readonly random: Random;
  private readonly card: Card;
  private readonly arrivals = new Calendar<SimJob>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly granted = new Map<string, Waiting & { readonly grantedMs: number }>();
  private readonly records: JobRecord[] = [];
  private readonly account: Account = {
    servingMs: 0,
    swappingMs: 0,
    idleWithBacklogMs: 0,
    idleMs: 0,
    swaps: 0,
  };
  private nowMs = 0;

  constructor(kind: PolicyKind, world: World, random: Random) {
    this.world = world;
    this.random = random;
    this.policy = kind.create({ slots: world.slots, resident: world.resident });
    this.card = new Card(world);
    for (const job of world.arrivals) this.arrivals.add(job.arrivalMs, job);
  }

  play(): RunResult {
    for (
      let steps = 0;
      this.arrivals.size > 0 || this.waiting.size > 0 || this.granted.size > 0;
      steps += 1
    ) {
      const nextMs = this.nextMs();
      if (nextMs === null) throw new Error(`${this.waiting.size} jobs wait and nothing will ever happen`);
      if (steps > MAX_STEPS_PER_JOB * (this.records.length + this.waiting.size + 100)) {
        throw new Error(`the policy goes on and serves nobody: ${this.records.length} served`);
      }
      this.accountUntil(nextMs);
      this.step(nextMs);
    }
    return { records: this.records, account: this.account, makespanMs: this.nowMs };
  }

  private nextMs(): number | null {
    const wakeMs = this.policy.wakeAtMs(this.nowMs);
    const times = [this.arrivals.soonestMs(), this.card.nextEndMs(), wakeMs].filter((ms) => ms !== null);
    return times.length === 0 ? null : Math.max(this.nowMs, Math.min(...times));
  }

  /** Ends before arrivals before wakes, when they fall on the same millisecond. */
  private step(nowMs: number): void {
    const wakeMs = this.policy.wakeAtMs(this.nowMs);
    this.nowMs = nowMs;
    const { finished, swap } = this.card.advance(nowMs);
    for (const job of finished) this.end(job);
    if (swap !== null) this.perform(this.policy.onSwapEnded(swap.to, swap.tookMs, nowMs));
    for (const job of this.arrivals.takeUntil(nowMs)) this.arrive(job);
    if (wakeMs !== null && wakeMs <= nowMs) this.perform(this.policy.onWake(nowMs));
  }

  private arrive(job: SimJob): void {
    const waiting: Waiting = { job, expected: null };
    this.waiting.set(job.id, waiting);
    this.perform(this.policy.onArrival(job, this.nowMs));
    if (this.waiting.has(job.id)) waiting.expected = this.policy.expectation(job, this.nowMs);
  }

  private end(job: SimJob): void {
    const done = this.granted.get(job.id);
    if (done === undefined) throw new Error(`${job.id} ended without a grant`);
    this.granted.delete(job.id);
    this.record(done, done.grantedMs);
    this.perform(this.policy.onFinished(job, this.nowMs));
  }

  private record({ job, expected }: Waiting, grantedMs: number | null): void {
    this.records.push({ job, grantedMs, endedMs: this.nowMs, expected });
    for (const next of this.world.afterEnd(job, this.nowMs)) this.arrivals.add(next.arrivalMs, next);
  }

  private perform(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.do === 'swap') {
        const tookMs = drawSwapMs(this.world.costs, this.card.resident, order.to, this.random);
        this.card.startSwap(order.to, tookMs);
        if (this.nowMs <= this.world.horizonMs) this.account.swaps += 1;
        continue;
      }
      const waiting = this.waiting.get(order.job.id);
      if (waiting === undefined) throw new Error(`${order.job.id} does not wait`);
      this.waiting.delete(order.job.id);
      if (order.do === 'refuse') {
        this.record(waiting, null);
      } else {
        this.card.start(order.job);
        this.granted.set(order.job.id, { ...waiting, grantedMs: this.nowMs });
      }
    }
  }

  private accountUntil(untilMs: number): void {
    const ms = Math.max(0, Math.min(untilMs, this.world.horizonMs) - this.nowMs);
    if (this.card.isServing) this.account.servingMs += ms;
    else if (this.card.isSwapping) this.account.swappingMs += ms;
    else if (this.waiting.size > 0) this.account.idleWithBacklogMs += ms;
    else this.account.idleMs += ms;
  }
}

interface Waiting {
  readonly job: SimJob;
  expected: JobRecord['expected'];
}
