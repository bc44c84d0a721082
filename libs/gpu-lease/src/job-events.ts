import { gpuEvent, gpuKeys, STREAM_FIELD, type GpuEvent } from '@baton/contracts';
import { readStream, type Log } from '@baton/platform';
import type { Redis } from 'ioredis';
import { z } from 'zod';

export type JobEvent = Extract<GpuEvent, { type: 'lease.granted' | 'lease.revoked' | 'job.ended' }>;
export type JobEnded = Extract<GpuEvent, { type: 'job.ended' }>;
type WaitingViewEvent = Extract<GpuEvent, { type: 'job.waiting' }>['jobs'][number];

export interface JobListener {
  onEvent(event: JobEvent): void;
  onWaiting(view: WaitingViewEvent): void;
}

/**
 * One reader of the scheduler's events for the whole process, dealt out by job id. It follows from before the first job
 * is submitted; what it may have missed while Redis was away, each waiter finds by looking.
 */
export class JobEvents {
  private readonly listeners = new Map<string, JobListener>();
  private readonly endings = new Map<string, (event: JobEnded) => void>();
  private readonly stopping = new AbortController();
  private readonly log: Log;
  private readonly following: Promise<void>;
  private outages = 0;

  private constructor(redis: Redis, from: string, options: { readonly node: string; readonly log: Log }) {
    this.log = options.log;
    // The reader itself does not notice: the connection sends an unanswered read again by itself.
    redis.on('close', () => (this.outages += 1));
    this.following = this.follow(redis, gpuKeys(options.node).events, from).catch((error: unknown) => {
      if (!this.stopping.signal.aborted) this.log.error('gpu_events.follow', error);
    });
  }

  /** Resolves when nothing that is published from now on can be missed; waits for Redis. */
  static async open(redis: Redis, options: { readonly node: string; readonly log: Log }): Promise<JobEvents> {
    const last = await redis.xrevrange(gpuKeys(options.node).events, '+', '-', 'COUNT', 1);
    return new JobEvents(redis, last[0]?.[0] ?? '0-0', options);
  }

  /** How often Redis was lost sight of: if this has grown, keys may be gone that were there. */
  get outageCount(): number {
    return this.outages;
  }

  has(jobId: string): boolean {
    return this.listeners.has(jobId);
  }

  /** One listener per job; the returned function takes it away. */
  listen(jobId: string, listener: JobListener): () => void {
    this.listeners.set(jobId, listener);
    return () => {
      if (this.listeners.get(jobId) === listener) this.listeners.delete(jobId);
    };
  }

  /** Tells once when the job has ended, beside its listener; the returned function takes that away. */
  onceEnded(jobId: string, tell: (event: JobEnded) => void): () => void {
    this.endings.set(jobId, tell);
    return () => {
      if (this.endings.get(jobId) === tell) this.endings.delete(jobId);
    };
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  private async follow(redis: Redis, key: string, from: string): Promise<void> {
    const entries = readStream({
      redis,
      key,
      from,
      signal: this.stopping.signal,
    });
    for await (const { id, fields } of entries) {
      const raw = readJson(fields[STREAM_FIELD]);
      if (this.isForOthers(raw)) continue;
      const event = gpuEvent.safeParse(raw).data;
      if (event === undefined) this.log.warn('stream.unreadable', { key, id });
      else this.deal(event);
    }
  }

  /** Every process hears about every job: most of it is not looked at any closer than this. */
  private isForOthers(raw: unknown): boolean {
    if (this.listeners.size === 0 && this.endings.size === 0) return true;
    const { success, data } = addressed.safeParse(raw);
    if (!success) return false;
    const { type, jobId } = data;
    return (
      type === 'gpu.status' || (jobId !== undefined && !this.listeners.has(jobId) && !this.endings.has(jobId))
    );
  }

  private deal(event: GpuEvent): void {
    if (event.type === 'gpu.status') return;
    if (event.type === 'job.waiting') {
      for (const view of event.jobs) this.tell(view.jobId, (listener) => listener.onWaiting(view));
    } else {
      this.tell(event.jobId, (listener) => listener.onEvent(event));
      if (event.type === 'job.ended') this.tellEnd(event);
    }
  }

  private tellEnd(event: JobEnded): void {
    const tell = this.endings.get(event.jobId);
    if (tell === undefined) return;
    this.endings.delete(event.jobId);
    try {
      tell(event);
    } catch (error) {
      this.log.error('gpu_events.listener', error, { jobId: event.jobId });
    }
  }

  /** A listener that throws is its owner's trouble: the others must hear of their grants all the same. */
  private tell(jobId: string, what: (listener: JobListener) => void): void {
    const listener = this.listeners.get(jobId);
    if (listener === undefined) return;
    try {
      what(listener);
    } catch (error) {
      this.log.error('gpu_events.listener', error, { jobId });
    }
  }
}

/** As much of an event as says whom it concerns. */
const addressed = z.object({ type: z.string(), jobId: z.string().optional() });

function readJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
