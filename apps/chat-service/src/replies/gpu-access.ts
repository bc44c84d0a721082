import type { GpuJob, SwapRecord, WaitingView } from '@baton/contracts';

/** Permission to use the GPU, for as long as the work that was handed it runs. */
export interface GpuLease {
  /** Aborted when the lease is lost or the job cancelled; the reason is an AppError. */
  readonly signal: AbortSignal;
  readonly guard: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly timeline: { readonly queuedMs: number; readonly swap: SwapRecord | null };
}

export interface GpuRequest {
  /** Of the BullMQ job: asking twice by one id is asking once. */
  readonly jobId: string;
  readonly job: Omit<GpuJob, 'version' | 'submittedAtMs' | 'correlationId'>;
  /** Aborting cancels the job in whatever state it is. */
  readonly signal: AbortSignal;
  readonly onWaiting?: (view: WaitingView) => void;
}

/**
 * The way to the GPU; `GpuLeases` is it in production. `withLease` waits for its turn, through an outage of Redis too,
 * and rejects with the AppError that ended the job, or with what `work` threw.
 */
export interface GpuAccess {
  withLease<T>(request: GpuRequest, work: (lease: GpuLease) => Promise<T>): Promise<T>;
}
