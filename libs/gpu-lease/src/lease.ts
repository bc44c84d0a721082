import type { GpuJob, Lane, LeaseOutcome, SwapRecord, WaitingView } from '@baton/contracts';

export interface LeaseRequest {
  /**
   * Names the work, also in BullMQ: not an integer, no `:`. Submitting the same id again is the same job, so a new
   * attempt at the same work needs a new id.
   */
  readonly jobId: string;
  readonly job: Omit<GpuJob, 'version' | 'submittedAtMs' | 'correlationId'>;
  /** Aborted: the job is cancelled, whether it waits, is just being granted, or is under way. */
  readonly signal: AbortSignal;
  /** Where the job stands while it waits; at most about once a second and on change. */
  readonly onWaiting?: (view: WaitingView) => void;
  /**
   * Told once, when the job is over: it is out of the queue for good, or, if it held a lease, the guard has cut its
   * connections and its place is free. `withLease` settles without waiting for that, so it may come before or after; and
   * not at all when Redis or the scheduler stays away.
   */
  readonly onEnded?: (end: JobEnd) => void;
}

export interface JobEnd {
  readonly outcome: LeaseOutcome;
  /** False: the engine would not let go in time; it is being cleared. */
  readonly isQuiet: boolean;
}

export interface Lease {
  readonly leaseId: string;
  readonly fence: number;
  readonly lane: Lane;
  /** Aborted when the engine must not be used any more; the reason is an AppError. */
  readonly signal: AbortSignal;
  /** How to reach the engine: its address behind the guard, without a slash at the end, and what to send along. */
  readonly guard: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** `queuedMs` from the request to the lease, the hand-over that it waited for included. */
  readonly timeline: { readonly queuedMs: number; readonly swap: SwapRecord | null };
}

/** What the scheduler granted. */
export interface Grant {
  readonly leaseId: string;
  readonly fence: number;
  readonly lane: Lane;
  readonly swap: SwapRecord | null;
}
