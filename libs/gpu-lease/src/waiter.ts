import type { GpuJob, LeaseRecord, WaitingView } from '@baton/contracts';
import { AppError, isErrorCode, type Clock } from '@baton/kernel';
import type { JobEvent, JobEvents } from './job-events.ts';
import type { Grant } from './lease.ts';
import type { SubmittedState } from './submitted-job.store.ts';

/** How soon after the submission a waiter looks for itself for the first time, and how often after that. */
const FIRST_LOOK_MS = 500;
const LOOK_MS = 2_000;

export interface WaiterContext {
  readonly jobId: string;
  readonly job: GpuJob;
  readonly clock: Clock;
  readonly events: Pick<JobEvents, 'listen' | 'outageCount'>;
  readonly onWaiting: (view: WaitingView) => void;
  /** Puts the job into the queue and wakes the scheduler. */
  readonly submit: (jobId: string, job: GpuJob) => Promise<void>;
  readonly state: (jobId: string) => Promise<SubmittedState>;
  readonly find: (jobId: string) => Promise<LeaseRecord | null>;
  /** The job may be missing because it is being taken to another node. */
  readonly isWithdrawing: () => boolean;
}

/**
 * Submits one job and waits for its lease. It listens before it submits; and because an event can be missed (Redis was
 * away, the stream was trimmed), it looks at the keys now and then, so that nobody waits for something that has happened.
 */
export class Waiter {
  private readonly context: WaiterContext;
  private readonly outcome = Promise.withResolvers<Grant>();
  private readonly stopListening: () => void;
  private cancelLook: () => void = () => undefined;
  private isSettled = false;
  private outages: number;

  constructor(context: WaiterContext) {
    this.context = context;
    this.outages = context.events.outageCount;
    this.outcome.promise.catch(() => undefined);
    this.stopListening = context.events.listen(context.jobId, {
      onEvent: (event) => this.onEvent(event),
      onWaiting: (view) => {
        if (!this.isSettled) context.onWaiting(view);
      },
    });
  }

  /** Resolves with the lease; rejects with the AppError that ended the job, or with the signal's reason. */
  async wait(signal: AbortSignal): Promise<Grant> {
    const onAbort = (): void => this.settle(() => this.outcome.reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else void this.submit();
    try {
      return await this.outcome.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private async submit(): Promise<void> {
    const { submit, jobId, job } = this.context;
    try {
      await submit(jobId, job);
      if (!this.isSettled) this.lookIn(FIRST_LOOK_MS);
    } catch (error) {
      this.settle(() => this.outcome.reject(error));
    }
  }

  private onEvent(event: JobEvent): void {
    if (event.type === 'lease.granted') {
      const { leaseId, fence, lane, swap } = event;
      this.settle(() => this.outcome.resolve({ leaseId, fence, lane, swap }));
    } else if (event.type === 'job.ended') {
      const { jobId, code, expectedWaitMs } = event;
      this.settle(() => this.outcome.reject(endOf(jobId, code, expectedWaitMs)));
    }
  }

  private lookIn(ms: number): void {
    this.cancelLook();
    if (!this.isSettled) this.cancelLook = this.context.clock.after(ms, () => void this.look());
  }

  private async look(): Promise<void> {
    try {
      await this.compare();
    } catch {
      // Redis could not be asked; the next look will be.
    }
    this.lookIn(LOOK_MS);
  }

  /** Checked in this order: the lease is there; the job has ended; the job is gone with Redis's data; it was removed. */
  private async compare(): Promise<void> {
    const { jobId, find, state, submit, job, events } = this.context;
    const lease = await find(jobId);
    if (lease?.state === 'live') {
      const { leaseId, fence, lane } = lease;
      this.settle(() => this.outcome.resolve({ leaseId, fence, lane, swap: null }));
      return;
    }
    if (lease !== null) return;
    const now = await state(jobId);
    if (this.isSettled || now.is === 'waiting' || this.context.isWithdrawing()) return;
    if (now.is === 'gone' && events.outageCount > this.outages) {
      this.outages = events.outageCount;
      await submit(jobId, job);
      return;
    }
    const code = now.is === 'failed' ? now.code : now.is === 'gone' ? 'gpu.job_cancelled' : 'gpu.lease_lost';
    this.settle(() => this.outcome.reject(endOf(jobId, code)));
  }

  private settle(how: () => void): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.cancelLook();
    this.stopListening();
    how();
  }
}

/** `expectedWaitMs` is known for a job that was not let into the queue. */
function endOf(jobId: string, code: string | null, expectedWaitMs?: number): AppError {
  const wait = expectedWaitMs === undefined ? {} : { expectedWaitMs };
  return new AppError(isErrorCode(code) ? code : 'gpu.lease_lost', { jobId, ...wait });
}
