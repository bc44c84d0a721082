import {
  GUARD_HEADERS,
  guardPath,
  type GpuJob,
  type LeaseOutcome,
  type RevokeReason,
} from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import type { Log, RedisConnections } from '@baton/platform';
import { Heartbeat } from './heartbeat.ts';
import { JobEvents } from './job-events.ts';
import type { Grant, Lease, LeaseRequest } from './lease.ts';
import { HolderStore } from './lease.store.ts';
import { SubmittedJobStore } from './submitted-job.store.ts';
import { Waiter } from './waiter.ts';

/** How long a waiter that has left looks out for a grant that was already on its way. */
const LATE_GRANT_MS = 30_000;
/** How long the end of a job is looked out for after its waiter or holder has left. */
const LATE_END_MS = 30_000;
/** What is still to be told Redis when the process ends gets this long; the lease expires anyway. */
const CLOSE_MS = 1_000;

export interface NodeAccessContext {
  readonly node: string;
  /** HTTP address of the node's process-manager, where the guard is. */
  readonly guardBaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly redis: RedisConnections;
}

/** One node as its users reach it: a job in its queue, a lease from its scheduler, a way through its guard. */
export class NodeAccess {
  private readonly context: NodeAccessContext;
  private readonly holder: HolderStore;
  private readonly submitted: SubmittedJobStore;
  private readonly opening: Promise<JobEvents>;
  private events: JobEvents | null = null;
  private readonly background = new Set<Promise<void>>();
  /** Take away the timers and listeners of waiters that have left. */
  private readonly lookouts = new Set<() => void>();

  constructor(context: NodeAccessContext) {
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

  get node(): string {
    return this.context.node;
  }

  /** Resolves when nothing that is published from now on can be missed; waits for Redis. */
  ready(): Promise<JobEvents> {
    return this.opening;
  }

  /**
   * Passes on the end of a job from now on, whenever it is heard of; the returned function is to be called when its waiter
   * or holder has left, and gives it a while more.
   */
  watchEnd(events: JobEvents, { jobId, onEnded }: LeaseRequest): () => void {
    if (onEnded === undefined) return () => undefined;
    let isOver = false;
    let cancelTimer = (): void => undefined;
    const forget = (): void => {
      isOver = true;
      cancelTimer();
      stopListening();
      this.lookouts.delete(forget);
    };
    const stopListening = events.onceEnded(jobId, ({ outcome, quiet }) => {
      forget();
      onEnded({ outcome, isQuiet: quiet ?? true });
    });
    return () => {
      if (isOver) return;
      cancelTimer = this.context.clock.after(LATE_END_MS, () => forget());
      this.lookouts.add(forget);
    };
  }

  /** Takes a waiting job out of the queue for good; false when it is being worked on or is not there. */
  withdraw(jobId: string): Promise<boolean> {
    return this.submitted.withdraw(jobId);
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

  /**
   * Submits the job and waits for its lease. Once `stop` is aborted it is cancelled; once `leave` is, it was withdrawn by
   * the caller. Rejects with the reason of either.
   */
  async wait(
    asked: {
      readonly request: LeaseRequest;
      readonly job: GpuJob;
      readonly events: JobEvents;
      /** The job may be missing from the queue because the caller is withdrawing it. */
      readonly isWithdrawing: () => boolean;
    },
    stop: AbortSignal,
    leave: AbortSignal,
  ): Promise<Grant> {
    const { request, job, events, isWithdrawing } = asked;
    const { jobId } = request;
    let submitted: Promise<void> = Promise.resolve();
    const waiter = new Waiter({
      jobId,
      job,
      clock: this.context.clock,
      events,
      onWaiting: (view) => request.onWaiting?.(view),
      submit: (id, data) =>
        (submitted = this.submitted.add(id, data, (redis) => this.holder.announce(redis, id, data))),
      state: (id) => this.submitted.state(id),
      find: (id) => this.holder.find(id),
      isWithdrawing,
    });
    try {
      return await waiter.wait(AbortSignal.any([stop, leave]));
    } catch (error) {
      if (stop.aborted) this.abandon(jobId, events, submitted);
      throw error;
    }
  }

  /** The waiter has left. Its job is cancelled, and a lease that was granted meanwhile is given back at once. */
  private abandon(jobId: string, events: JobEvents, submitted: Promise<void>): void {
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
      submitted.then(() => this.holder.cancel(jobId)),
    );
  }

  /** Does the work under the lease, and gives the lease back whatever happens. */
  async hold<T>(
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
