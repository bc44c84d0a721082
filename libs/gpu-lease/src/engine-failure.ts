import { AppError, codeOf, isErrorCode, pause, type Clock, type ErrorCode } from '@baton/kernel';
import type { Lease } from './lease.ts';

/** The guard cuts a lost lease's connections a moment before its holder is told. */
const REVOKE_NOTICE_MS = 250;
/** What a connection that is cut looks like to its user. */
const CUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['engine.truncated', 'engine.unavailable']);

/**
 * The true cause of a failure under a lease: a connection that broke because the lease was lost is a lost lease, and not
 * the engine's fault.
 */
export async function causeUnderLease(
  error: unknown,
  lease: Pick<Lease, 'signal'>,
  clock: Clock,
): Promise<unknown> {
  if (CUT.has(codeOf(error)) && !lease.signal.aborted) {
    await pause(clock, REVOKE_NOTICE_MS, lease.signal).catch(() => undefined);
  }
  if (!lease.signal.aborted) return error;
  const reason: unknown = lease.signal.reason;
  return reason instanceof AppError ? reason : new AppError('gpu.lease_lost', {}, { cause: reason });
}

/**
 * The guard's own refusals carry one of our codes, which no engine does; a refused lease or fence is a lost lease to its
 * holder. Null for everything else.
 */
export function guardRefusal(code: unknown, details: Readonly<Record<string, unknown>>): AppError | null {
  if (code === 'gpu.stale_fence' || code === 'gpu.lease_required') {
    return new AppError('gpu.lease_lost', details);
  }
  return isErrorCode(code) ? new AppError(code, details) : null;
}
