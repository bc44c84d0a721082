import type { TimelineEntry } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Lease } from './lease.ts';

/** Measures one use of the GPU for the timeline of a message. Starts to count when it is made. */
export class LeaseTime {
  private readonly clock: Clock;
  private readonly lane: TimelineEntry['lane'];
  private readonly lease: Pick<Lease, 'timeline'>;
  private readonly startedAt: number;
  private firstMs: number | null = null;

  constructor(clock: Clock, lane: TimelineEntry['lane'], lease: Pick<Lease, 'timeline'>) {
    this.clock = clock;
    this.lane = lane;
    this.lease = lease;
    this.startedAt = clock.monotonic();
  }

  /** A sign of real work: a token, a sampling step, the answer of a model. True for the first one. */
  heard(): boolean {
    if (this.firstMs !== null) return false;
    this.firstMs = this.elapsedMs();
    return true;
  }

  /** Milliseconds that the lease has been used so far. */
  elapsedMs(): number {
    return Math.round(this.clock.monotonic() - this.startedAt);
  }

  /** The use as it is told, from the request for the GPU until now. */
  entry(): TimelineEntry {
    const { queuedMs, swap } = this.lease.timeline;
    const queued = Math.round(queuedMs);
    return {
      lane: this.lane,
      queued_ms: queued,
      swap,
      first_ms: this.firstMs,
      total_ms: queued + this.elapsedMs(),
    };
  }
}
