import type { ErrorCode } from '@baton/kernel';

/** Waits before the second and the third attempt, in milliseconds. */
export const RETRY_PAUSES_MS = [500, 2_000] as const;

/**
 * Failures that another attempt may well get over, and that cost the user nothing when it does: nothing of the answer
 * has been shown yet. What is wrong with the request or lasts (memory, a missing model, a full queue) is told at once.
 */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'engine.unavailable',
  'engine.failed',
  'engine.truncated',
  'engine.stalled',
  'gpu.lease_lost',
  'gpu.swap_failed',
]);

/** How long to wait before the attempt after `attemptsMade`; null when the failure is to be told. */
export function pauseBeforeRetry(code: ErrorCode, attemptsMade: number): number | null {
  return WORTH_ANOTHER_ATTEMPT.has(code) ? (RETRY_PAUSES_MS[attemptsMade - 1] ?? null) : null;
}
