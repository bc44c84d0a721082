import type { Lane } from '../core/lane-queue.ts';
import type { SimJob } from './job.ts';

/**
 * The card and its engines: one lane resident at a time, work of that lane shares it. With N at once each runs at
 * 1 / (1 + alpha (N - 1)) of its speed. Refuses what a real card could not do, so that a policy cannot cheat.
 */
export class Card {
  resident: Lane | null;
  private readonly alpha: number;
  private readonly slots: number;
  private readonly running = new Map<string, { readonly job: SimJob; leftMs: number }>();
  private swap: { readonly to: Lane | null; readonly startedMs: number; readonly endsMs: number } | null =
    null;
  private nowMs = 0;

  constructor(options: { readonly alpha: number; readonly slots: number; readonly resident: Lane | null }) {
    this.alpha = options.alpha;
    this.slots = options.slots;
    this.resident = options.resident;
  }

  get isServing(): boolean {
    return this.running.size > 0;
  }

  get isSwapping(): boolean {
    return this.swap !== null;
  }

  start(job: SimJob): void {
    const places = job.lane.engine === 'comfyui' ? 1 : this.slots;
    if (this.swap !== null) throw new Error(`${job.id} granted during a swap`);
    if (this.resident?.key !== job.lane.key)
      throw new Error(`${job.id} granted while its lane is not resident`);
    if (this.running.size >= places) throw new Error(`${job.id} granted without a free place`);
    this.running.set(job.id, { job, leftMs: job.serviceMs });
  }

  startSwap(to: Lane | null, tookMs: number): void {
    if (this.running.size > 0 || this.swap !== null) throw new Error('a swap while the card is in use');
    this.resident = null;
    this.swap = { to, startedMs: this.nowMs, endsMs: this.nowMs + Math.max(1, Math.round(tookMs)) };
  }

  /** When the next thing ends by itself; null when nothing is under way. */
  nextEndMs(): number | null {
    if (this.swap !== null) return this.swap.endsMs;
    let leastMs = Number.POSITIVE_INFINITY;
    for (const { leftMs } of this.running.values()) leastMs = Math.min(leastMs, leftMs);
    return Number.isFinite(leastMs) ? Math.ceil(this.nowMs + leastMs * this.slowdown()) : null;
  }

  /** Moves on to `nowMs`, not past the next end, and returns what ended there. */
  advance(nowMs: number): { readonly finished: SimJob[]; readonly swap: EndedSwap | null } {
    const workedMs = (nowMs - this.nowMs) / this.slowdown();
    this.nowMs = nowMs;
    const finished: SimJob[] = [];
    for (const work of this.running.values()) {
      work.leftMs -= workedMs;
      if (work.leftMs <= ROUNDING_MS) finished.push(work.job);
    }
    for (const { id } of finished) this.running.delete(id);
    return { finished, swap: this.endSwap() };
  }

  private endSwap(): EndedSwap | null {
    const { swap } = this;
    if (swap === null || swap.endsMs > this.nowMs) return null;
    this.swap = null;
    this.resident = swap.to;
    return { to: swap.to, tookMs: swap.endsMs - swap.startedMs };
  }

  private slowdown(): number {
    return 1 + this.alpha * Math.max(0, this.running.size - 1);
  }
}

export interface EndedSwap {
  readonly to: Lane | null;
  readonly tookMs: number;
}

/** The clock has whole milliseconds: what is nearer to its end than this has ended. */
const ROUNDING_MS = 1e-6;
