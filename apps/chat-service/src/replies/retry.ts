import type { ErrorCode } from '@baton/kernel';

/** Waits before the second and the third attempt at one server, in milliseconds. */
export const RETRY_PAUSES_MS = [500, 2_000] as const;

/**
 * Failures that another attempt may well get over, and that cost the user nothing when it does: nothing of the answer
 * has been shown yet. What is wrong with the request or lasts (memory, a missing model, a full queue) is not tried again
 * where it failed.
 */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'engine.unavailable',
  'engine.failed',
  'engine.truncated',
  'engine.stalled',
  'gpu.lease_lost',
  'gpu.swap_failed',
]);

/** What lasts at one server, and may be otherwise at another that has the model. */
const WORTH_ANOTHER_SERVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...WORTH_ANOTHER_ATTEMPT,
  'engine.out_of_memory',
  'engine.start_failed',
  'gpu.overloaded',
  'gpu.wait_too_long',
  'model.unknown',
]);

/** How long to wait before the attempt after `attemptsMade` at this server; null when it is not asked again. */
export function pauseBeforeRetry(code: ErrorCode, attemptsMade: number): number | null {
  return WORTH_ANOTHER_ATTEMPT.has(code) ? (RETRY_PAUSES_MS[attemptsMade - 1] ?? null) : null;
}

export function mayAnotherServerHelp(code: ErrorCode): boolean {
  return WORTH_ANOTHER_SERVER.has(code);
}
