import { systemClock, type Clock } from '@baton/kernel';

/** Pauses before retries, polls and the like pass fifty times as fast; time itself is real. */
export const hurriedClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 50, run) };
