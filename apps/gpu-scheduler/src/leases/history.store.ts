import {
  gpuKeys,
  leaseHistory,
  STREAM_FIELD,
  visitRecord,
  type LeaseHistory,
  type VisitRecord,
} from '@baton/contracts';
import { RedisScript } from '@baton/platform';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StaleEpoch } from './stale-epoch.ts';

const VISIT = new RedisScript(new URL('./lua/visit.lua', import.meta.url));
const LEASE_FIELD = 'lease:';
/** Who asked for what is not kept for longer than anybody looks into it. */
const MAX_AGE_MS = 30 * 86_400_000;

/** The visit under way, as far as its record has come. */
export interface OpenVisit {
  readonly record: VisitRecord;
  /** Set while the hand-over to it lasts: the swap's id. */
  readonly swapId: string | null;
}

/** What has changed since the last write; each part may be empty. */
export interface HistoryChange {
  readonly over: readonly VisitRecord[];
  /** The visit under way is another one than at the last write, or there is none. */
  readonly isAnew: boolean;
  readonly open: OpenVisit | null;
  /** Leases of the open visit that are new or have ended. */
  readonly leases: readonly LeaseHistory[];
}

const header = z.object({ record: visitRecord, swapId: z.string().nullable() });

/** The history of one node in Redis. Writing quotes the leader's epoch; anybody may read. */
export class HistoryStore {
  private readonly redis: Redis;
  private readonly keys: ReturnType<typeof gpuKeys>;
  /** Visits that are kept. */
  private readonly limit: number;
  private writes = 0;

  constructor(redis: Redis, node: string, limit: number) {
    this.redis = redis;
    this.keys = gpuKeys(node);
    this.limit = limit;
  }

  /** @throws StaleEpoch */
  async write(epoch: number, { over, isAnew, open, leases }: HistoryChange): Promise<void> {
    this.writes += 1;
    const fields: string[] = [];
    if (open !== null) {
      // Leases have fields of their own, so that a visit of many is not written anew for each.
      fields.push('visit', JSON.stringify({ ...open, record: { ...open.record, leases: [] } }));
      for (const lease of leases) fields.push(`${LEASE_FIELD}${lease.lease_id}`, JSON.stringify(lease));
    }
    const { epoch: counter, history, visit } = this.keys;
    const answer = await VISIT.run(
      this.redis,
      [counter, history, visit],
      [
        epoch,
        `${epoch}-${this.writes}`,
        this.limit,
        isAnew ? '1' : '0',
        over.length,
        MAX_AGE_MS,
        ...over.map((record) => JSON.stringify(record)),
        ...fields,
      ],
    );
    if (answer !== 'done') throw new StaleEpoch('another scheduler leads');
  }

  /** The visit under way as a leader left it; null when there is none, or another version wrote it. */
  async open(): Promise<OpenVisit | null> {
    const fields = await this.redis.hgetall(this.keys.visit);
    const found = header.safeParse(readJson(fields['visit']));
    if (!found.success) return null;
    const leases = Object.entries(fields).flatMap(([name, text]) => {
      const lease = leaseHistory.safeParse(name.startsWith(LEASE_FIELD) ? readJson(text) : undefined);
      return lease.success ? [lease.data] : [];
    });
    leases.sort((a, b) => a.granted_at_ms - b.granted_at_ms);
    return { swapId: found.data.swapId, record: { ...found.data.record, leases } };
  }

  /** Visits that are over, newest first. What another version wrote is left out. */
  async page(
    before: string | undefined,
    limit: number,
  ): Promise<{ readonly visits: VisitRecord[]; readonly next: string | null }> {
    // Redis calls an interval that ends before its very first id an error.
    if (before !== undefined && /^0+-0+$/.test(before)) return { visits: [], next: null };
    const from = before === undefined ? '+' : `(${before}`;
    const entries = await this.redis.xrevrange(this.keys.history, from, '-', 'COUNT', limit);
    const visits = entries.flatMap(([, fields]) => {
      const record = visitRecord.safeParse(readJson(fields[fields.indexOf(STREAM_FIELD) + 1]));
      return record.success ? [record.data] : [];
    });
    return { visits, next: entries.length < limit ? null : (entries.at(-1)?.[0] ?? null) };
  }
}

function readJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
