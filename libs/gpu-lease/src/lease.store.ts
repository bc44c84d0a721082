import {
  LEASE_TTL_MS,
  STREAM_FIELD,
  gpuKeys,
  leaseRecord,
  type GpuJob,
  type InboxEntry,
  type LeaseOutcome,
  type LeaseRecord,
} from '@baton/contracts';
import { RedisScript } from '@baton/platform';
import type { Redis } from 'ioredis';

/** Wake-ups only: a scheduler that missed some looks at the keys. */
const MAX_INBOX = 10_000;

const script = (name: string): RedisScript => new RedisScript(new URL(`./lua/${name}.lua`, import.meta.url));
const RENEW = script('renew');
const RELEASE = script('release');
const CANCEL = script('cancel');

/** The holder's side of the leases of one node. Each act is one script and may be sent twice. */
export class HolderStore {
  private readonly redis: Redis;
  private readonly keys: ReturnType<typeof gpuKeys>;

  /** `redis` waits through outages: nothing here is lost by Redis being away for a while. */
  constructor(redis: Redis, node: string) {
    this.redis = redis;
    this.keys = gpuKeys(node);
  }

  /** Wakes the scheduler; the job must be in the queue by then. `redis`: the connection that the job goes over. */
  async announce(redis: Redis, jobId: string, job: GpuJob): Promise<void> {
    const entry: InboxEntry = { type: 'submitted', jobId, job };
    await redis.xadd(this.keys.inbox, 'MAXLEN', '~', MAX_INBOX, '*', STREAM_FIELD, JSON.stringify(entry));
  }

  /** Whether the lease lives on; it then lasts `LEASE_TTL_MS` from now. */
  async renew(leaseId: string): Promise<boolean> {
    const { leases, lease } = this.keys;
    return (await RENEW.run(this.redis, [leases, lease(leaseId)], [leaseId, LEASE_TTL_MS])) === 1;
  }

  async release(
    lease: { readonly leaseId: string; readonly jobId: string },
    outcome: LeaseOutcome,
  ): Promise<void> {
    const entry: InboxEntry = { type: 'released', leaseId: lease.leaseId, jobId: lease.jobId, outcome };
    await RELEASE.run(
      this.redis,
      [this.keys.lease(lease.leaseId), this.keys.inbox],
      [outcome, JSON.stringify(entry), MAX_INBOX],
    );
  }

  async cancel(jobId: string): Promise<void> {
    const entry: InboxEntry = { type: 'cancel', jobId };
    await CANCEL.run(
      this.redis,
      [this.keys.cancels, this.keys.inbox],
      [jobId, JSON.stringify(entry), MAX_INBOX],
    );
  }

  /** The lease of a job, whatever its state; leases are few, so all are looked at. */
  async find(jobId: string): Promise<LeaseRecord | null> {
    const ids = await this.redis.zrange(this.keys.leases, 0, -1);
    const hashes = await Promise.all(ids.map((id) => this.redis.hgetall(this.keys.lease(id))));
    for (const hash of hashes) {
      const record = leaseRecord.safeParse(hash);
      if (record.success && record.data.jobId === jobId) return record.data;
    }
    return null;
  }
}
