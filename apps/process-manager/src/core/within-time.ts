import type { Clock } from '@baton/kernel';

export interface TimeLimit {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the work earlier, with its own reason. */
  readonly signal: AbortSignal;
  /** What the work is aborted with when its time is over. */
  readonly late: Error;
}

/** Hands `work` a signal that ends with its time or with the caller's; no timer is left behind. */
export async function withinTime<T>(
  { clock, ms, signal, late }: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const cancel = clock.after(ms, () => limit.abort(late));
  try {
    return await work(AbortSignal.any([limit.signal, signal]));
  } finally {
    cancel();
  }
}
