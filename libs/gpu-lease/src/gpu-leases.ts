import {
  GUARD_HEADERS,
  guardPath,
  type GpuJob,
  type LeaseOutcome,
  type RevokeReason,
} from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { correlationId, type Log, type RedisConnections } from '@baton/platform';
import { Heartbeat } from './heartbeat.ts';
import { JobEvents } from './job-events.ts';
import type { Grant, Lease, LeaseRequest } from './lease.ts';
import { HolderStore } from './lease.store.ts';
import { SubmittedJobStore } from './submitted-job.store.ts';
import { Waiter } from './waiter.ts';

/** How long a waiter that has left looks out for a grant that was already on its way. */
const LATE_GRANT_MS = 30_000;
/** What is still to be told Redis when the process ends gets this long; the lease expires anyway. */
const CLOSE_MS = 1_000;

export interface GpuLeasesContext {
  readonly node: string;
  /** HTTP address of the process-manager, where the guard is. */
  readonly guardBaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly redis: RedisConnections;
}

/** The way to the GPU as services take it: `GpuLeases` in production, a fake that grants when it is told to in tests. */
export type GpuAccess = Pick<GpuLeases, 'withLease'>;

/** The only way to the GPU: one piece of work, one lease, given back whatever happens. */
export class GpuLeases {
  private readonly context: GpuLeasesContext;
  private readonly holder: HolderStore;
  private readonly submitted: SubmittedJobStore;
  private readonly opening: Promise<JobEvents>;
  private events: JobEvents | null = null;
  private readonly background = new Set<Promise<void>>();
  /** Take away the timers and listeners of waiters that have left. */
  private readonly lookouts = new Set<() => void>();

  constructor(context: GpuLeasesContext) {
    this.context = context;
    const { redis, node, log } = context;
    this.holder = new HolderStore(redis.dedicated('gpu-lease'), node);
    this.submitted = new SubmittedJobStore(redis.bullmq('gpu-lease jobs'), node, (error) => {
      log.debug('queue.connection', { cause: error.message });
    });
    this.opening = JobEvents.open(redis.dedicated('gpu-lease events'), { node, log });
    this.opening.then(
      (events) => {
        this.events = events;
      },
      () => undefined,
    );
  }

  /**
   * Waits for the GPU, holds it while `work` runs, gives it back. While Redis is away it waits; `request.signal` is what
   * bounds that.
   *
   * @throws AppError `gpu.job_cancelled`, `gpu.lease_lost`, `engine.unavailable`, `gpu.wait_too_long`; `gpu.overloaded`
   *   and `gpu.user_limit` with `details.expectedWaitMs` when it was not let into the queue; and what `work` throws while
   *   it holds the lease
   */
  async withLease<T>(request: LeaseRequest, work: (lease: Lease) => Promise<T>): Promise<T> {
    const { jobId, signal } = request;
    const startedAt = this.context.clock.monotonic();
    const stop = cancelled(signal, jobId);
    try {
      const events = await unlessAborted(this.opening, stop.signal);
      if (events.has(jobId)) throw new Error(`job ${jobId} is waited for twice in one process`);
      const grant = await this.wait(request, events, stop.signal);
      const queuedMs = Math.round(this.context.clock.monotonic() - startedAt);
      return await this.hold({ request, grant, events, queuedMs, stop: stop.signal }, work);
    } finally {
      stop.dispose();
    }
  }

  /** Waits a moment for what is still on its way to Redis. The connections are the platform's. */
  async close(): Promise<void> {
    for (const forget of [...this.lookouts]) forget();
    const late = Promise.withResolvers<null>();
    const cancelTimer = this.context.clock.after(CLOSE_MS, () => late.resolve(null));
    await Promise.race([Promise.allSettled(this.background), late.promise]);
    cancelTimer();
    await this.events?.close();
    await this.submitted.close().catch(() => undefined);
  }

  private async wait(request: LeaseRequest, events: JobEvents, stop: AbortSignal): Promise<Grant> {
    const { jobId } = request;
    let added: Promise<void> = Promise.resolve();
    const job: GpuJob = {
      ...request.job,
      version: 1,
      submittedAtMs: this.context.clock.now(),
      correlationId: correlationId(),
    };
    const waiter = new Waiter({
      jobId,
      job,
      clock: this.context.clock,
      events,
      onWaiting: (view) => request.onWaiting?.(view),
      add: (id, data) => (added = this.submitted.add(id, data)),
      announce: (id, data) => this.holder.announce(id, data),
      state: (id) => this.submitted.state(id),
      find: (id) => this.holder.find(id),
    });
    try {
      return await waiter.wait(stop);
    } catch (error) {
      if (stop.aborted) this.abandon(jobId, events, added);
      throw error;
    }
  }

  /** The waiter has left. Its job is cancelled, and a lease that was granted meanwhile is given back at once. */
  private abandon(jobId: string, events: JobEvents, added: Promise<void>): void {
    const { clock } = this.context;
    const stopListening = events.listen(jobId, {
      onWaiting: () => undefined,
      onEvent: (event) => {
        if (event.type === 'lease.granted') {
          this.inBackground('lease.release', this.holder.release(event, 'cancelled'));
        } else if (event.type === 'job.ended') {
          forget();
        }
      },
    });
    const forget = (): void => {
      cancelTimer();
      stopListening();
      this.lookouts.delete(forget);
    };
    const cancelTimer = clock.after(LATE_GRANT_MS, () => forget());
    this.lookouts.add(forget);
    this.inBackground(
      'job.cancel',
      added.then(() => this.holder.cancel(jobId)),
    );
  }

  private async hold<T>(
    held: {
      readonly request: LeaseRequest;
      readonly grant: Grant;
      readonly events: JobEvents;
      readonly queuedMs: number;
      readonly stop: AbortSignal;
    },
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const { request, grant, events, queuedMs, stop } = held;
    const { jobId } = request;
    const { leaseId } = grant;
    const over = new AbortController();
    const lose = (reason: RevokeReason | 'silent'): void =>
      over.abort(new AppError('gpu.lease_lost', { jobId, leaseId, reason }));
    const heartbeat = new Heartbeat({
      clock: this.context.clock,
      renew: () => this.holder.renew(leaseId),
      lost: () => lose('silent'),
    });
    const stopListening = events.listen(jobId, {
      onWaiting: () => undefined,
      onEvent: (event) => {
        if (event.type === 'lease.revoked' && event.leaseId === leaseId) lose(event.reason);
      },
    });
    const onStop = (): void => {
      over.abort(stop.reason);
      this.inBackground('job.cancel', this.holder.cancel(jobId));
    };
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    heartbeat.start();
    let outcome: LeaseOutcome = 'failed';
    try {
      const result = await work(this.toLease(grant, queuedMs, over.signal));
      outcome = 'completed';
      return result;
    } catch (error) {
      if (stop.aborted) outcome = 'cancelled';
      throw over.signal.aborted ? over.signal.reason : error;
    } finally {
      heartbeat.stop();
      stopListening();
      stop.removeEventListener('abort', onStop);
      this.inBackground('lease.release', this.holder.release({ leaseId, jobId }, outcome));
    }
  }

  private toLease({ leaseId, fence, lane, swap }: Grant, queuedMs: number, signal: AbortSignal): Lease {
    return {
      leaseId,
      fence,
      lane,
      signal,
      guard: {
        url: `${this.context.guardBaseUrl}${guardPath(lane.engine)}`,
        headers: { [GUARD_HEADERS.lease]: leaseId, [GUARD_HEADERS.fence]: String(fence) },
      },
      timeline: { queuedMs, swap },
    };
  }

  /** Nobody waits for these: the connection holds them while Redis is away, and the scheduler copes without them. */
  private inBackground(op: string, act: Promise<void>): void {
    const done = act
      .catch((error: unknown) => this.context.log.error(op, error))
      .finally(() => this.background.delete(done));
    this.background.add(done);
  }
}

/** The caller's signal with our reason: whoever sees it aborted gets an AppError. */
function cancelled(
  signal: AbortSignal,
  jobId: string,
): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const stop = new AbortController();
  const onAbort = (): void =>
    stop.abort(new AppError('gpu.job_cancelled', { jobId }, { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { signal: stop.signal, dispose: () => signal.removeEventListener('abort', onAbort) };
}

function unlessAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  wanted.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener('abort', onAbort));
}
