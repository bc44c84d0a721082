import { gpuJob, gpuKeys, gpuQueueName, type GpuJob } from '@baton/contracts';
import { isErrorCode } from '@baton/kernel';
import { ErrorCode, Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { EpochGuard } from './epoch-guard.ts';

/** A job of ours has no lock of its own worth: nobody runs the stalled checker. It only keeps `remove` away. */
export const JOB_LOCK_MS = 60_000;
/** BullMQ knows completed and failed; a cancelled job is a failed one with this as its reason. */
const CANCELLED = 'gpu.job_cancelled';
/** Commands in one write: large enough to save round trips, small enough that nobody else waits for them. */
const READ_AT_ONCE = 1_000;
/** BullMQ's way to say: whoever holds the lock, the caller is entitled. */
const ANY_TOKEN = '0';

export interface StoredJob {
  readonly id: string;
  /** Null when the payload does not fit the contract (another version wrote it): the job can only be failed. */
  readonly job: GpuJob | null;
}

export interface JobEnd {
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  readonly code: string | null;
}

/**
 * The node's BullMQ queue as the scheduler uses it: any job can be claimed by id, none is claimed in BullMQ's own order,
 * and no stalled checker runs (it would run a job a second time). Every change quotes the caller's epoch and is refused
 * inside Redis, with `StaleEpoch`, when somebody else has become leader.
 */
export class JobStore {
  private readonly redis: Redis;
  private readonly queue: Queue;
  private readonly worker: Worker;
  private readonly guard: EpochGuard;
  /** One claim at a time: two of them in between each other would take each other's job. */
  private lastClaim: Promise<unknown> = Promise.resolve();
  private readonly claimed = new Map<string, Job>();

  /** @param redis a connection of its own: it is changed so that BullMQ's scripts check the epoch */
  constructor(redis: Redis, node: string, onError: (error: Error) => void) {
    this.redis = redis;
    const name = gpuQueueName(node);
    this.guard = new EpochGuard(gpuKeys(node).epoch);
    this.guard.protect(redis);
    this.queue = new Queue(name, { connection: redis, skipMetasUpdate: true });
    this.worker = new Worker(name, null, {
      connection: redis,
      autorun: false,
      skipStalledCheck: true,
      skipLockRenewal: true,
      lockDuration: JOB_LOCK_MS,
    });
    this.queue.on('error', onError);
    this.worker.on('error', onError);
  }

  /** A job that waits or is worked on; null when there is none, or it has ended. */
  async read(jobId: string): Promise<StoredJob | null> {
    const job = await Job.fromId(this.queue, jobId);
    return job === undefined || job.finishedOn != null ? null : toStored(jobId, job.data);
  }

  /** How and when a job ended; null while it has not, or when it is not kept any more. */
  async ending(jobId: string): Promise<(JobEnd & { readonly atMs: number }) | null> {
    const job = await Job.fromId(this.queue, jobId);
    if (job?.finishedOn == null) return null;
    const code = job.failedReason as string | undefined;
    if (code === undefined) return { outcome: 'completed', code: null, atMs: job.finishedOn };
    const outcome = code === CANCELLED ? 'cancelled' : 'failed';
    return { outcome, code: isErrorCode(code) ? code : null, atMs: job.finishedOn };
  }

  /**
   * Everybody who waits, in BullMQ's order. Only the payloads are read, many at a time: with a Job object each it took three
   * times as long.
   */
  async waiting(): Promise<StoredJob[]> {
    const ids = await this.queue.getRanges(['wait', 'prioritized'], 0, -1, true);
    const found: StoredJob[] = [];
    for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
      const some = ids.slice(from, from + READ_AT_ONCE);
      const pipeline = this.redis.pipeline();
      for (const id of some) pipeline.hget(this.queue.toKey(id), 'data');
      const answers = (await pipeline.exec()) ?? [];
      some.forEach((id, at) => {
        const [error, data] = answers[at] ?? [];
        if (error) throw error;
        // One that has ended meanwhile has nothing left to read.
        if (typeof data === 'string') found.push(toStored(id, parseJson(data)));
      });
    }
    return found;
  }

  waitingIds(): Promise<string[]> {
    return this.queue.getRanges(['wait', 'prioritized'], 0, -1);
  }

  activeIds(): Promise<string[]> {
    return this.queue.getRanges(['active'], 0, -1);
  }

  /**
   * Makes this job active under `token`. `false` when it does not wait any more. A crash in the middle leaves it at the
   * head of the queue, or active without a lease, which the next leader puts back.
   */
  claim(epoch: number, jobId: string, token: string): Promise<boolean> {
    const claim = this.lastClaim.then(() => this.guard.in(epoch, () => this.claimNow(jobId, token)));
    this.lastClaim = claim.catch(() => undefined);
    return claim;
  }

  /**
   * Both commands go out at once, in this order on one connection: to the head of the queue, and off the head. Whatever
   * comes off that is not this job (it was gone already) goes back to its place.
   */
  private async claimNow(jobId: string, token: string): Promise<boolean> {
    const handle = new Job(this.worker, 'claim', {}, {}, jobId);
    const [moved, next] = await Promise.allSettled([
      handle.changePriority({ priority: 0, lifo: true }),
      this.worker.getNextJob(token, { block: false }),
    ]);
    if (next.status === 'rejected') throw next.reason;
    // BullMQ's type leaves out that there may be none.
    const job = next.value as Job | undefined;
    if (job?.id === jobId) {
      this.claimed.set(jobId, job);
      return true;
    }
    if (job !== undefined) await this.restore(job, token);
    if (moved.status === 'rejected' && bullCode(moved.reason) !== ErrorCode.JobNotExist) throw moved.reason;
    return false;
  }

  /** Active again to waiting, with its own priority. Without a token: whoever had claimed it is gone. */
  async putBack(epoch: number, jobId: string, token: string | null): Promise<void> {
    const job = this.claimed.get(jobId) ?? (await Job.fromId(this.worker, jobId));
    this.claimed.delete(jobId);
    if (job !== undefined) await this.guard.in(epoch, () => this.restore(job, token ?? ANY_TOKEN));
  }

  /** Ends an active job. Doing it twice is the same as once. */
  async end(epoch: number, jobId: string, token: string, ending: JobEnd): Promise<void> {
    const job = this.claimed.get(jobId) ?? (await Job.fromId(this.worker, jobId));
    this.claimed.delete(jobId);
    if (job !== undefined) await this.guard.in(epoch, () => this.endNow(job, token, ending));
  }

  private async endNow(job: Job, token: string, { outcome, code }: JobEnd): Promise<void> {
    const attempt = (as: string): Promise<unknown> =>
      outcome === 'completed'
        ? job.moveToCompleted(null, as, false)
        : job.moveToFailed(
            new UnrecoverableError(code ?? (outcome === 'cancelled' ? CANCELLED : outcome)),
            as,
            false,
          );
    try {
      await attempt(token);
    } catch (error) {
      if (bullCode(error) === ErrorCode.JobLockNotExist) await attempt(ANY_TOKEN).catch(ignoreEnded);
      else ignoreEnded(error);
    }
  }

  /** Ends a job that waits, so that it is seen as failed or cancelled and not as gone. False when it does not wait. */
  async endWaiting(epoch: number, jobId: string, ending: JobEnd): Promise<boolean> {
    const token = randomUUID();
    if (!(await this.claim(epoch, jobId, token))) return false;
    await this.end(epoch, jobId, token, ending);
    return true;
  }

  async extendLocks(
    epoch: number,
    locks: readonly { readonly jobId: string; readonly token: string }[],
  ): Promise<void> {
    if (locks.length === 0) return;
    await this.guard.in(epoch, () =>
      this.worker.extendJobLocks(
        locks.map(({ jobId }) => jobId),
        locks.map(({ token }) => token),
        JOB_LOCK_MS,
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.worker.close(true), this.queue.close()]);
  }

  private async restore(job: Job, token: string): Promise<void> {
    try {
      // An active job only has the number changed; moveToWait then sorts it in by it.
      await job.changePriority({ priority: job.opts.priority ?? 0 });
      await job.moveToWait(token);
    } catch (error) {
      if (bullCode(error) === ErrorCode.JobLockNotExist) await job.moveToWait(ANY_TOKEN).catch(ignoreEnded);
      else ignoreEnded(error);
    }
  }
}

function toStored(id: string, data: unknown): StoredJob {
  return { id, job: gpuJob.safeParse(data).data ?? null };
}

/** Undefined for what is no JSON, which is no job either. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bullCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** The job is gone, has ended, or was claimed anew by a later leader: what was to be done is not ours any more. */
function ignoreEnded(error: unknown): void {
  const over: readonly unknown[] = [
    ErrorCode.JobNotExist,
    ErrorCode.JobNotInState,
    ErrorCode.JobLockMismatch,
    ErrorCode.JobLockNotExist,
  ];
  if (!over.includes(bullCode(error))) throw error;
}
