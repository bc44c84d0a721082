import type { GpuUrgency, WaitingView } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';

export interface SlotRequest {
  readonly jobId: string;
  readonly userId: number;
  readonly urgency: GpuUrgency;
  readonly estimateMs: number;
  readonly signal: AbortSignal;
  readonly onWaiting: (view: WaitingView) => void;
}

/** A slot that is held; giving it back twice is harmless. */
export type GiveBack = () => void;

interface Waiter {
  readonly request: SlotRequest;
  readonly sinceMs: number;
  readonly enter: (giveBack: GiveBack) => void;
  readonly refuse: (error: AppError) => void;
}
interface Holder {
  readonly request: SlotRequest;
  readonly sinceMs: number;
}

/** Background work that has waited this long is in no smaller hurry than anybody else. */
const BACKGROUND_PATIENCE_MS = 10 * 60_000;
/** The upper estimate of a wait: answers differ in length by about this much. */
const P90_FACTOR = 2;

/**
 * So many answers at a time, and a fair wait for the others. Who is next, in this order:
 *   1. interactive work, and background work that has waited long; then other background work; then chores;
 *   2. whoever has fewer answers running or waiting before this one: users take turns, however many one of them asks for;
 *   3. whoever was served longer ago;
 *   4. who came first.
 */
export class FairSlots {
  private readonly max: number;
  private readonly clock: Clock;
  private readonly holders = new Set<Holder>();
  private waiters: Waiter[] = [];
  /** Per user the number of the last slot given to them; forgotten whenever nobody is here. */
  private readonly servedBy = new Map<number, number>();
  private served = 0;

  constructor(max: number, clock: Clock) {
    this.max = max;
    this.clock = clock;
  }

  get running(): number {
    return this.holders.size;
  }

  get waiting(): number {
    return this.waiters.length;
  }

  /**
   * @throws AppError `gpu.job_cancelled` when the signal is aborted before there was a slot; what `refuseWaiting` was given
   */
  take(request: SlotRequest): Promise<GiveBack> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        reject(new AppError('gpu.job_cancelled', { jobId: request.jobId }));
        this.tellAll();
      };
      const enter = (giveBack: GiveBack): void => {
        request.signal.removeEventListener('abort', leave);
        resolve(giveBack);
      };
      const refuse = (error: AppError): void => {
        request.signal.removeEventListener('abort', leave);
        reject(error);
      };
      const waiter = { request, sinceMs: this.clock.monotonic(), enter, refuse };
      if (request.signal.aborted) {
        leave();
        return;
      }
      request.signal.addEventListener('abort', leave, { once: true });
      this.waiters.push(waiter);
      this.fill();
    });
  }

  /** Whoever waits does so no longer, and is told why. Holders keep their slots. */
  refuseWaiting(error: AppError): void {
    for (const { refuse } of this.waiters.splice(0)) refuse(error);
  }

  private fill(): void {
    while (this.holders.size < this.max) {
      const next = this.inOrder()[0];
      if (next === undefined) return;
      this.waiters = this.waiters.filter((other) => other !== next);
      const holder = { request: next.request, sinceMs: this.clock.monotonic() };
      this.holders.add(holder);
      this.servedBy.set(next.request.userId, (this.served += 1));
      next.enter(() => {
        if (!this.holders.delete(holder)) return;
        this.fill();
        if (this.holders.size === 0) this.servedBy.clear();
      });
    }
    this.tellAll();
  }

  /** Everybody's place and wait, since both change whenever somebody comes or goes. */
  private tellAll(): void {
    const now = this.clock.monotonic();
    let aheadMs = 0;
    for (const { request, sinceMs } of this.holders)
      aheadMs += Math.max(0, request.estimateMs - (now - sinceMs));
    for (const [index, { request }] of this.inOrder().entries()) {
      const etaP50Ms = Math.round(aheadMs / this.max);
      aheadMs += request.estimateMs;
      request.onWaiting({
        jobId: request.jobId,
        stage: 'queued',
        position: index + 1,
        reason: { code: 'ahead_in_queue', holder: null },
        etaP50Ms,
        etaP90Ms: etaP50Ms * P90_FACTOR,
        swap: null,
      });
    }
  }

  private inOrder(): Waiter[] {
    const now = this.clock.monotonic();
    const turnsOf = new Map<number, number>();
    for (const { request } of this.holders) count(turnsOf, request.userId);
    const ranked = this.waiters.map((waiter) => {
      const { urgency, userId } = waiter.request;
      const hurry = hurryOf(urgency, now - waiter.sinceMs);
      return { waiter, hurry, turn: count(turnsOf, userId), servedAt: this.servedBy.get(userId) ?? 0 };
    });
    // Sorting is stable: among equals the order of arrival stays.
    return ranked
      .sort((a, b) => a.hurry - b.hurry || a.turn - b.turn || a.servedAt - b.servedAt)
      .map(({ waiter }) => waiter);
  }
}

/** Smaller goes first. */
function hurryOf(urgency: GpuUrgency, waitedMs: number): number {
  if (urgency === 'chore') return 2;
  return urgency === 'interactive' || waitedMs >= BACKGROUND_PATIENCE_MS ? 0 : 1;
}

/** How many there were before, this one not counted. */
function count(counts: Map<number, number>, key: number): number {
  const before = counts.get(key) ?? 0;
  counts.set(key, before + 1);
  return before;
}
