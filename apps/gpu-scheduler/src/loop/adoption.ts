import type { GpuJob, GrantReason, LeaseHistory, LeaseRecord } from '@baton/contracts';
import type { Ending } from '../core/state.ts';

/** What a new leader reads out of a lease that a former one granted. */

/** Time on the GPU of a job about which nothing is known any more. */
const GUESS_MS = 10_000;

/** For a job that is gone, when the former leader died between ending it and forgetting its lease. */
export function payloadOf(lease: LeaseRecord): GpuJob {
  const { lane, kind, userId, messageId, chatId, grantedAtMs, urgency } = lease;
  const { estimateMs = GUESS_MS, submittedAtMs = grantedAtMs } = lease;
  return {
    version: 1,
    lane,
    kind,
    userId,
    messageId,
    chatId,
    estimateMs,
    ...(urgency === undefined ? {} : { urgency }),
    submittedAtMs,
    correlationId: '',
  };
}

/** Null for a lease that is still held. */
export function endingOf(lease: LeaseRecord): Ending | null {
  if (lease.state === 'live') return null;
  if (lease.state === 'released') return { outcome: lease.outcome ?? 'failed', code: null };
  return { outcome: 'failed', code: 'gpu.lease_lost' };
}

/** A lease as history keeps it, when it is granted. */
export function newLease(
  leaseId: string,
  jobId: string,
  job: GpuJob,
  { reason, nowMs }: { readonly reason: GrantReason; readonly nowMs: number },
): LeaseHistory {
  const { userId, kind, messageId, submittedAtMs, estimateMs, urgency } = job;
  return {
    lease_id: leaseId,
    job_id: jobId,
    user_id: userId,
    kind,
    message_id: messageId,
    reason,
    submitted_at_ms: submittedAtMs,
    granted_at_ms: nowMs,
    ended_at_ms: null,
    outcome: null,
    code: null,
    estimate_ms: estimateMs,
    ...(urgency === undefined ? {} : { urgency }),
  };
}

/** The same of a lease that a former leader granted; of before reasons were stored, the usual one is assumed. */
export function leaseHistoryOf(lease: LeaseRecord, job: GpuJob): LeaseHistory {
  const { leaseId, jobId, reason = 'visit_open', grantedAtMs } = lease;
  return newLease(leaseId, jobId, job, { reason, nowMs: grantedAtMs });
}
