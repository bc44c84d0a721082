import { pause, type Clock } from './clock.ts';

export interface Persistence {
  readonly clock: Clock;
  /** The pause after the first failure; it doubles up to `longestPauseMs`. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Aborted: no further try. */
  readonly signal: AbortSignal;
  /** Called for the first failure only: an outage is told once. */
  readonly onOutage: (error: unknown) => void;
}

/**
 * Does something that has to be done in the end, however long what it needs is away. `work` may be repeated after it
 * has had its effect, so it must be idempotent.
 *
 * @throws the reason of `signal` once that is aborted
 */
export async function untilItWorks<T>(work: () => Promise<T>, persistence: Persistence): Promise<T> {
  const { clock, firstPauseMs, longestPauseMs, signal, onOutage } = persistence;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (pauseMs === firstPauseMs) onOutage(error);
      await pause(clock, pauseMs, signal);
    }
  }
}
