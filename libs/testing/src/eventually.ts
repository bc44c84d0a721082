import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyLimits {
  /** How long to wait altogether. */
  readonly timeoutMs?: number;
  /** Pause between two looks. */
  readonly everyMs?: number;
}

// Generous: it is only ever waited for when something is wrong, or the machine is busy.
const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_EVERY_MS = 10;

/**
 * Looks again and again until `look` returns something truthy without throwing, and resolves with it. `look` may make
 * its case with `expect`: the last failure is the cause of the error that this rejects with at the deadline.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, everyMs = DEFAULT_EVERY_MS }: EventuallyLimits = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    let seen: T | undefined;
    try {
      seen = await look();
      if (seen) return seen;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) throw missed(timeoutMs, seen, failure);
    await pause(everyMs);
  }
}

function missed(timeoutMs: number, seen: unknown, cause: unknown): Error {
  if (cause === undefined)
    return new Error(`Not so within ${timeoutMs} ms; the last look gave ${String(seen)}.`);
  const reason = cause instanceof Error ? cause.message : 'the last look threw something that is no Error';
  return new Error(`Not so within ${timeoutMs} ms: ${reason}`, { cause });
}
