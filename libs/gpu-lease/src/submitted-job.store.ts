import { gpuJobPriority, gpuQueueName, type GpuJob } from '@baton/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { FollowedCommand } from './followed-command.ts';

/** Enough of the past for a dashboard, little enough for Redis. */
const KEEP_ENDED = { age: 86_400, count: 1_000 } as const;

export type SubmittedState =
  | { readonly is: 'waiting' }
  | { readonly is: 'completed' }
  /** `code`: why, an error code of the kernel's table if all is well. */
  | { readonly is: 'failed'; readonly code: string }
  | { readonly is: 'gone' };

/** The submitter's side of the node's BullMQ queue. */
export class SubmittedJobStore {
  private readonly queue: Queue;
  private readonly redis: Redis;
  private readonly adding: FollowedCommand;
  /** Redis has run the script that adds, on this connection: it will not have to be sent its text first. */
  private isScriptKnown = false;

  /** `redis` waits through outages. */
  constructor(redis: Redis, node: string, onError: (error: Error) => void) {
    this.redis = redis;
    this.adding = new FollowedCommand(redis, 'addPrioritizedJob');
    redis.on('close', () => (this.isScriptKnown = false));
    this.queue = new Queue(gpuQueueName(node), { connection: redis, skipMetasUpdate: true });
    this.queue.on('error', onError);
  }

  /**
   * Adding a job that is there already changes nothing. `announce` is called so that its command comes behind the job on
   * the connection that it is given: in the same write, rather than a round trip later.
   */
  async add(jobId: string, job: GpuJob, announce: (redis: Redis) => Promise<void>): Promise<void> {
    const send = (): Promise<unknown> =>
      this.queue.add(job.kind, job, {
        jobId,
        priority: gpuJobPriority(job),
        attempts: 1,
        removeOnComplete: KEEP_ENDED,
        removeOnFail: KEEP_ENDED,
      });
    if (this.isScriptKnown) {
      await this.adding.followedBy(() => announce(this.redis), send);
    } else {
      // ioredis would notice that the script is missing and send it once more, behind the announcement.
      await send();
      this.isScriptKnown = true;
      await announce(this.redis);
    }
  }

  async state(jobId: string): Promise<SubmittedState> {
    const state = await this.queue.getJobState(jobId);
    if (state === 'unknown') return { is: 'gone' };
    if (state === 'completed') return { is: 'completed' };
    if (state !== 'failed') return { is: 'waiting' };
    const job = await this.queue.getJob(jobId);
    return job === undefined ? { is: 'gone' } : { is: 'failed', code: job.failedReason };
  }

  /** Takes a waiting job out for good. False when it is being worked on, has ended, or is not there. */
  async withdraw(jobId: string): Promise<boolean> {
    const state = await this.queue.getJobState(jobId);
    if (state !== 'prioritized' && state !== 'waiting') return false;
    try {
      // In one step inside Redis: it refuses a job that was claimed meanwhile.
      return (await this.queue.remove(jobId)) === 1;
    } catch {
      return false;
    }
  }

  close(): Promise<void> {
    return this.queue.close();
  }
}
