import type { LaneLabel, TimelineEntry } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Lease } from '@baton/gpu-lease';

/** Measures one use of the GPU for the request's timeline. */
export class LeaseTime {
  private readonly clock: Clock;
  private readonly lane: LaneLabel;
  private readonly lease: Lease;
  private readonly startedAt: number;
  private firstMs: number | null = null;

  constructor(clock: Clock, lane: LaneLabel, lease: Lease) {
    this.clock = clock;
    this.lane = lane;
    this.lease = lease;
    this.startedAt = clock.monotonic();
  }

  /** The first sign of real work: a sampling step, or the answer of the language model. */
  first(): void {
    this.firstMs ??= this.elapsedMs();
  }

  entry(): TimelineEntry {
    const queuedMs = Math.round(this.lease.timeline.queuedMs);
    return {
      lane: this.lane,
      queued_ms: queuedMs,
      swap: this.lease.timeline.swap,
      first_ms: this.firstMs,
      total_ms: queuedMs + this.elapsedMs(),
    };
  }

  private elapsedMs(): number {
    return Math.round(this.clock.monotonic() - this.startedAt);
  }
}
