import type { GpuJob, LeaseOutcome } from '@baton/contracts';
import { AppError, type ErrorCode } from '@baton/kernel';
import type { GpuAccess } from '../gpu-leases.ts';
import type { Lease, LeaseRequest } from '../lease.ts';

interface Waiting {
  readonly request: LeaseRequest;
  readonly granted: PromiseWithResolvers<Lease>;
}

/** Grants when it is told to, and at once unless it is paused. Cancelling and losing a lease work as in `GpuLeases`. */
export class FakeGpu implements GpuAccess {
  /** Ids of the jobs that were asked for, in order. */
  readonly jobIds: string[] = [];
  /** How urgent each of them was. */
  readonly urgencies = new Map<string, NonNullable<GpuJob['urgency']>>();
  private readonly url: string;
  private readonly waiting = new Map<string, Waiting>();
  private readonly held = new Map<string, AbortController>();
  private isPaused = false;

  constructor(url: string) {
    this.url = url;
  }

  pause(): void {
    this.isPaused = true;
  }

  grantAll(): void {
    this.isPaused = false;
    for (const jobId of [...this.waiting.keys()]) this.grant(jobId);
  }

  isWaiting(jobId: string): boolean {
    return this.waiting.has(jobId);
  }

  /** The request of a job that waits. */
  request(jobId: string): LeaseRequest {
    const waiting = this.waiting.get(jobId);
    if (waiting === undefined) throw new Error(`nobody waits by ${jobId}`);
    return waiting.request;
  }

  refuse(jobId: string, code: ErrorCode): void {
    this.waiting.get(jobId)?.granted.reject(new AppError(code));
  }

  revoke(jobId: string): void {
    this.held.get(jobId)?.abort(new AppError('gpu.lease_lost'));
  }

  async withLease<T>(request: LeaseRequest, work: (lease: Lease) => Promise<T>): Promise<T> {
    const { jobId, signal } = request;
    this.jobIds.push(jobId);
    this.urgencies.set(jobId, request.job.urgency ?? 'interactive');
    let outcome: LeaseOutcome = 'failed';
    const granted = Promise.withResolvers<Lease>();
    const over = new AbortController();
    const onAbort = (): void => {
      const error = new AppError('gpu.job_cancelled');
      granted.reject(error);
      over.abort(error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.waiting.set(jobId, { request, granted });
    this.held.set(jobId, over);
    if (!this.isPaused) this.grant(jobId);
    try {
      const result = await work(await granted.promise);
      outcome = 'completed';
      return result;
    } catch (error) {
      if (signal.aborted) outcome = 'cancelled';
      throw over.signal.aborted ? over.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.waiting.delete(jobId);
      this.held.delete(jobId);
      // As with a real scheduler, a moment after the caller has its answer.
      setImmediate(() => request.onEnded?.({ outcome, isQuiet: true }));
    }
  }

  grant(jobId: string): void {
    const waiting = this.waiting.get(jobId);
    const over = this.held.get(jobId);
    if (waiting === undefined || over === undefined) return;
    waiting.granted.resolve({
      leaseId: `lease-${jobId}`,
      fence: 1,
      lane: waiting.request.job.lane,
      signal: over.signal,
      guard: { url: this.url, headers: { 'x-baton-lease': `lease-${jobId}`, 'x-baton-fence': '1' } },
      timeline: { queuedMs: 5, swap: null },
    });
  }
}
