import {
  STREAM_FIELD,
  gpuKeys,
  gpuStatus,
  leaseRecord,
  type GpuEvent,
  type GpuStatus,
  type InboxEntry,
  type LeaseRecord,
} from '@baton/contracts';
import { RedisScript } from '@baton/platform';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StaleEpoch } from './stale-epoch.ts';

/** Readers follow within seconds; an entry that was trimmed is repaired from the keys. */
const MAX_EVENTS = 10_000;
const MAX_INBOX = 10_000;

const script = (name: string): RedisScript => new RedisScript(new URL(`./lua/${name}.lua`, import.meta.url));
const LEAD = script('lead');
const RESIGN = script('resign');
const GRANT = script('grant');
const REVOKE = script('revoke');
const EXPIRED = script('expired');
const FORGET = script('forget');
const FENCE = script('fence');
const PUBLISH = script('publish');

export interface Lead {
  readonly isLeader: boolean;
  readonly epoch: number;
}

export interface NewLease {
  readonly record: Omit<LeaseRecord, 'state' | 'outcome'>;
  readonly ttlMs: number;
  readonly event: GpuEvent;
}

/**
 * Leases, leadership and events of one node in Redis. Every change quotes the caller's epoch and is refused inside Redis,
 * with `StaleEpoch`, when somebody else has become leader; every change may be sent twice.
 */
export class LeaseStore {
  private readonly redis: Redis;
  private readonly keys: ReturnType<typeof gpuKeys>;

  constructor(redis: Redis, node: string) {
    this.redis = redis;
    this.keys = gpuKeys(node);
  }

  /** Whether `id` leads now, and the epoch. `believed` is the one that it leads in as far as it knows. */
  async lead(
    id: string,
    asking: { readonly ttlMs: number; readonly believed: number | null; readonly highest: number },
  ): Promise<Lead> {
    const { leader, epoch } = this.keys;
    const args = [id, asking.ttlMs, asking.believed ?? 0, asking.highest];
    const [leads, current] = z
      .tuple([z.int(), z.int()])
      .parse(await LEAD.run(this.redis, [leader, epoch], args));
    return { isLeader: leads === 1, epoch: current };
  }

  async resign(id: string): Promise<void> {
    await RESIGN.run(this.redis, [this.keys.leader], [id]);
  }

  /** @throws StaleEpoch */
  async grant(epoch: number, { record, ttlMs, event }: NewLease): Promise<'granted' | 'cancelled'> {
    const { epoch: counter, fence, leases, lease, cancels, events } = this.keys;
    const fields = Object.entries({ ...record, lane: JSON.stringify(record.lane) }).flatMap(
      ([name, value]) => [name, String(value)],
    );
    const answer = await GRANT.run(
      this.redis,
      [counter, fence, leases, lease(record.leaseId), cancels, events],
      [
        epoch,
        record.leaseId,
        record.jobId,
        record.fence,
        ttlMs,
        JSON.stringify(event),
        MAX_EVENTS,
        ...fields,
      ],
    );
    return z.enum(['granted', 'cancelled']).parse(refuseStale(answer));
  }

  /** @throws StaleEpoch */
  async revoke(
    epoch: number,
    leaseId: string,
    event: GpuEvent,
  ): Promise<'live' | 'released' | 'revoked' | 'gone'> {
    const { epoch: counter, lease, events } = this.keys;
    const answer = await REVOKE.run(
      this.redis,
      [counter, lease(leaseId), events],
      [epoch, JSON.stringify(event), MAX_EVENTS],
    );
    return z.enum(['live', 'released', 'revoked', 'gone']).parse(refuseStale(answer));
  }

  /** Leases past their expiry by the clock of Redis. @throws StaleEpoch */
  async expired(epoch: number): Promise<string[]> {
    const answer = await EXPIRED.run(this.redis, [this.keys.epoch, this.keys.leases], [epoch]);
    return z.array(z.string()).parse(refuseStale(answer));
  }

  /** @throws StaleEpoch */
  async forget(
    epoch: number,
    job: { readonly jobId: string; readonly leaseId: string | null; readonly event: GpuEvent },
  ): Promise<void> {
    const { epoch: counter, leases, lease, cancels, events } = this.keys;
    const answer = await FORGET.run(
      this.redis,
      [counter, leases, lease(job.leaseId ?? 'none'), cancels, events],
      [epoch, job.leaseId ?? '', job.jobId, JSON.stringify(job.event), MAX_EVENTS],
    );
    refuseStale(answer);
  }

  /** @throws StaleEpoch */
  async useFence(epoch: number, fence: number): Promise<void> {
    refuseStale(await FENCE.run(this.redis, [this.keys.epoch, this.keys.fence], [epoch, fence]));
  }

  /** @throws StaleEpoch */
  async publish(epoch: number, events: readonly GpuEvent[], status: GpuStatus | null): Promise<void> {
    const { epoch: counter, events: stream, status: key } = this.keys;
    const answer = await PUBLISH.run(
      this.redis,
      [counter, stream, key],
      [
        epoch,
        MAX_EVENTS,
        status === null ? '' : JSON.stringify(status),
        ...events.map((event) => JSON.stringify(event)),
      ],
    );
    refuseStale(answer);
  }

  async highestFence(): Promise<number> {
    return Number((await this.redis.get(this.keys.fence)) ?? 0);
  }

  /** Every lease there is, held or not; one that was written by an unknown version is left out. */
  async list(): Promise<LeaseRecord[]> {
    const ids = await this.redis.zrange(this.keys.leases, 0, -1);
    const hashes = await Promise.all(ids.map((id) => this.redis.hgetall(this.keys.lease(id))));
    return hashes.flatMap((hash) => {
      const record = leaseRecord.safeParse(hash);
      return record.success ? [record.data] : [];
    });
  }

  cancels(): Promise<string[]> {
    return this.redis.smembers(this.keys.cancels);
  }

  /** The wish to cancel a job that is not there. */
  async dropCancel(jobId: string): Promise<void> {
    await this.redis.srem(this.keys.cancels, jobId);
  }

  /** What was last published; null before the first leader. */
  async lastStatus(): Promise<GpuStatus | null> {
    const text = await this.redis.get(this.keys.status);
    if (text === null) return null;
    const status = gpuStatus.safeParse(JSON.parse(text));
    return status.success ? status.data : null;
  }

  /** To whoever leads. */
  async hand(entry: InboxEntry): Promise<void> {
    await this.redis.xadd(
      this.keys.inbox,
      'MAXLEN',
      '~',
      MAX_INBOX,
      '*',
      STREAM_FIELD,
      JSON.stringify(entry),
    );
  }
}

function refuseStale(answer: unknown): unknown {
  if (answer === 'stale' || answer === null) throw new StaleEpoch('another scheduler leads');
  return answer;
}
