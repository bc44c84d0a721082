import type { Effect, GpuState, PlacedOrder, Visit } from '../state.ts';
import { must } from './agenda.ts';

/** What holds after every fact, whatever happened. */
export function checkState(state: GpuState, nowMs: number): void {
  let lane: string | null = null;
  for (const { job } of state.running.values()) {
    must(lane === null || lane === job.lane.key, 'I1: leases of one lane only');
    lane = job.lane.key;
  }
  must(state.swap === null || state.visit === null, 'no visit during a swap');
  let waiting = 0;
  let isOffered = false;
  for (const queue of state.lanes.values()) {
    waiting += queue.size;
    if (queue.size > 0 && queue.retryAtMs <= nowMs) isOffered = true;
  }
  must(waiting === state.jobs.size, 'I3: every waiting job is in one lane');
  const isIdle = state.running.size === 0 && state.swap === null && state.clearing === null;
  must(!(isIdle && state.node.isPresent && isOffered), 'I6: not idle while somebody could be served');
}

type Before = { readonly visit: Visit | null; readonly waiting: number; readonly order: PlacedOrder | null };

/** I5: nobody is left who could have been served in a visit that served nobody, unless somebody switched by hand. */
export function checkSwap(
  state: GpuState,
  { swap, reason }: Extract<Effect, { do: 'startSwap' }>,
  { visit, waiting }: Before,
): void {
  must(state.running.size === 0, 'I1: a swap waits for the last lease');
  must(swap.from === null || swap.to?.key !== swap.from.key, 'I5: no swap to the lane that has the card');
  // Without `from` the node has lost the visit by itself.
  if (visit === null || swap.from === null || reason === 'by_hand' || reason === 'engine_not_quiet') return;
  const isPaused = (state.lanes.get(visit.lane.key)?.retryAtMs ?? 0) > 0;
  must(visit.served > 0 || waiting === 0 || isPaused, 'I5: a visit serves at least one job');
}
