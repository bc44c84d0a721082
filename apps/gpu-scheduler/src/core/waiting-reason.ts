import type { Lane, WaitingJob } from './lane-queue.ts';
import type { GpuState } from './state.ts';

/** Why a job waits, in the words that people are shown, and which lane holds the GPU when that is the reason. */
export interface WaitingReason {
  readonly code:
    | 'ahead_in_queue'
    | 'other_engine_busy'
    | 'swap_under_way'
    | 'engine_starting'
    | 'engine_unavailable'
    | 'gives_way';
  readonly holder: Lane | null;
}

/**
 * Checked in this order: nobody can be served; the job's engine comes up; a hand-over is under way; the job's lane could not
 * be brought up and is left alone for a moment; nobody sits and waits for it; another lane has the GPU; others are ahead in
 * the lane.
 */
export function waitingReason(state: GpuState, job: WaitingJob): WaitingReason {
  const holder = state.visit?.lane ?? null;
  if (!state.node.isPresent || state.clearing !== null) return { code: 'engine_unavailable', holder: null };
  const { swap } = state;
  if (swap !== null) {
    const isStarting = swap.to?.key === job.lane.key && swap.phase === 'start';
    return isStarting
      ? { code: 'engine_starting', holder: null }
      : { code: 'swap_under_way', holder: swap.from };
  }
  if ((state.lanes.get(job.lane.key)?.failures ?? 0) > 0) return { code: 'engine_unavailable', holder };
  if (job.urgency !== undefined && job.isAged !== true) return { code: 'gives_way', holder };
  const isOthersTurn = holder !== null && holder.key !== job.lane.key;
  return { code: isOthersTurn ? 'other_engine_busy' : 'ahead_in_queue', holder };
}
