import type { GpuJob, LeaseRecord } from '@baton/contracts';
import type { Ending } from '../core/state.ts';

/** What a new leader reads out of a lease that a former one granted. */

/** Time on the GPU of a job about which nothing is known any more. */
const GUESS_MS = 10_000;

/** For a job that is gone, when the former leader died between ending it and forgetting its lease. */
export function payloadOf(lease: LeaseRecord): GpuJob {
  const { lane, kind, userId, messageId, chatId, grantedAtMs } = lease;
  const guess = { estimateMs: GUESS_MS, submittedAtMs: grantedAtMs, correlationId: '' };
  return { version: 1, lane, kind, userId, messageId, chatId, ...guess };
}

/** Null for a lease that is still held. */
export function endingOf(lease: LeaseRecord): Ending | null {
  if (lease.state === 'live') return null;
  if (lease.state === 'released') return { outcome: lease.outcome ?? 'failed', code: null };
  return { outcome: 'failed', code: 'gpu.lease_lost' };
}
