import { allQueues, type Effect, type GpuState, type PlacedOrder, type Visit } from '../state.ts';
import { isOffered, waitingCount } from '../urgency.ts';
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
  let isServable = false;
  for (const queue of allQueues(state)) waiting += queue.size;
  if ([...state.lanes.values()].some((queue) => isOffered(state, queue, nowMs))) isServable = true;
  // Background work may have to wait until it is calm, unless its lane is there already.
  for (const queue of state.background.values()) {
    const isAtHand = queue.lane.key === state.visit?.lane.key || isCalm(state, nowMs);
    if (isAtHand && isOffered(state, queue, nowMs)) isServable = true;
  }
  must(waiting === state.jobs.size, 'I3: every waiting job is in one lane');
  const isIdle = state.running.size === 0 && state.swap === null && state.clearing === null;
  must(!(isIdle && state.node.isPresent && isServable), 'I6: not idle while somebody could be served');
}

function isCalm({ calmSinceMs, settings }: GpuState, nowMs: number): boolean {
  return nowMs >= calmSinceMs + settings.prefetchAfterIdleMs;
}

function isSomebodyServable(state: GpuState, nowMs: number): boolean {
  return state.order !== null || [...state.lanes.values()].some((queue) => isOffered(state, queue, nowMs));
}

/** I11: background work goes only while nobody waits who could be served, chores only while nobody waits at all. */
export function checkGrant(state: GpuState, { job }: Extract<Effect, { do: 'grant' }>, nowMs: number): void {
  if (job.urgency === undefined || job.isAged === true) return;
  must(!isSomebodyServable(state, nowMs), 'I11: what gives way goes last');
  must(job.urgency !== 'chore' || waitingCount(state) === 0, 'I11: chores take what is left over');
}

interface Before {
  readonly visit: Visit | null;
  readonly waiting: number;
  readonly order: PlacedOrder | null;
  readonly nowMs: number;
}

/** I12: no swap for chores, and none for background work while anybody else could be served or has just been. */
function checkReason(
  state: GpuState,
  { swap, reason }: Extract<Effect, { do: 'startSwap' }>,
  { nowMs }: Before,
): void {
  if (swap.to === null || reason === 'by_hand' || reason === 'return_home') return;
  if ((state.lanes.get(swap.to.key)?.size ?? 0) > 0) return;
  must(
    (state.background.get(swap.to.key)?.size ?? 0) > 0,
    'I12: a swap is for somebody or something that waits',
  );
  must(!isSomebodyServable(state, nowMs), 'I12: no swap for background work while others wait');
  // Without `from` there is nothing to come back to.
  must(swap.from === null || isCalm(state, nowMs), 'I12: no swap for background work before it is calm');
}

/** I5: nobody is left who could have been served in a visit that served nobody, unless somebody switched by hand. */
export function checkSwap(
  state: GpuState,
  effect: Extract<Effect, { do: 'startSwap' }>,
  before: Before,
): void {
  const { swap, reason } = effect;
  const { visit, waiting } = before;
  checkReason(state, effect, before);
  must(state.running.size === 0, 'I1: a swap waits for the last lease');
  must(swap.from === null || swap.to?.key !== swap.from.key, 'I5: no swap to the lane that has the card');
  // Without `from` the node has lost the visit by itself.
  if (visit === null || swap.from === null || reason === 'by_hand' || reason === 'engine_not_quiet') return;
  const isPaused = (state.lanes.get(visit.lane.key)?.retryAtMs ?? 0) > 0;
  must(visit.served > 0 || waiting === 0 || isPaused, 'I5: a visit serves at least one job');
}
