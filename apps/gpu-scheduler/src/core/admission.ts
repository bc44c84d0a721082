import { guessWorth, serviceBand, swapBand } from './estimates.ts';
import type { Arrival } from './facts.ts';
import { totalOf, type GpuState } from './state.ts';
import { otherEngine, slotsOf, turnLength } from './visits.ts';

export interface Refusal {
  readonly code: 'gpu.user_limit' | 'gpu.overloaded';
  readonly expectedWaitMs: number;
}

/**
 * Whether a new job is let in. Checked in this order: the user's own limit, which background work has for itself and chores
 * do not have; the queue's; the expected wait, which only somebody who waits is spared. Jobs that a new leader finds were
 * let in before and are never refused.
 */
export function refusal(state: GpuState, arrival: Arrival, nowMs: number): Refusal | null {
  const { maxWaiting, maxWaitingPerUser, maxExpectedWaitMs } = state.settings;
  const { urgency, userId } = arrival;
  let ofUser = 0;
  if (urgency === 'background') {
    for (const queue of state.background.values()) ofUser += queue.countOf(userId);
  } else if (urgency === undefined) ofUser = totalOf(state, (queue) => queue.countOf(userId));
  const expectedWaitMs = Math.round(expectedWait(state, arrival, nowMs));
  if (maxWaitingPerUser > 0 && ofUser >= maxWaitingPerUser) return { code: 'gpu.user_limit', expectedWaitMs };
  const isFull = maxWaiting > 0 && state.jobs.size >= maxWaiting;
  const isTooLong = urgency === undefined && maxExpectedWaitMs > 0 && expectedWaitMs > maxExpectedWaitMs;
  return isFull || isTooLong ? { code: 'gpu.overloaded', expectedWaitMs } : null;
}

/**
 * About how long a job would wait, from sums that are kept anyway: no forecast, because a flood asks this once per job.
 * Within the lane everybody is served as much as the job's owner is, until there is nothing left; while that goes on the
 * other lanes take their turns, and each round of turns costs two swaps.
 */
function expectedWait(state: GpuState, arrival: Arrival, nowMs: number): number {
  const { lane } = arrival;
  const slots = slotsOf(state, lane.engine);
  const worth = guessWorth(state.estimates, lane.engine);
  const queue = state.lanes.get(lane.key);
  const ownMs = ((queue?.workOfMs(arrival.userId) ?? 0) + arrival.estimateMs) * worth;
  const sharers = (queue?.userCount ?? 0) + 1;
  const aheadMs = Math.min((queue?.waitingWorkMs ?? 0) * worth, ownMs * sharers) / slots;
  const turn = turnLength(state, lane.engine, nowMs).usualMs;
  const rounds = Math.ceil(aheadMs / Math.max(1, turn));
  const other = otherEngine(lane.engine);
  const otherSlots = slotsOf(state, other);
  const otherWorkMs = totalOf(state, (one) => (one.lane.engine === other ? one.waitingWorkMs : 0));
  const otherTurn = turnLength(state, other, nowMs).usualMs;
  const otherMs = Math.min(
    (otherWorkMs * guessWorth(state.estimates, other)) / otherSlots,
    (rounds + 1) * otherTurn,
  );
  const siblingsMs = totalOf(state, (one) =>
    one.lane.engine === lane.engine && one.lane.key !== lane.key ? one.waitingWorkMs : 0,
  );
  const isHere = state.visit?.lane.key === lane.key;
  const swapMs = swapBand(state.estimates, null, lane).mean;
  const swaps = (isHere ? 0 : 1) + (otherMs > 0 ? 2 * rounds : 0);
  return (
    aheadMs +
    otherMs +
    Math.min((siblingsMs * worth) / slots, aheadMs + turn) +
    swaps * swapMs +
    leftMs(state, nowMs)
  );
}

/** What those who run still need, all places together. */
function leftMs(state: GpuState, nowMs: number): number {
  let longestMs = 0;
  for (const { job, grantedAtMs } of state.running.values()) {
    longestMs = Math.max(longestMs, grantedAtMs + serviceBand(state.estimates, job).mean - nowMs);
  }
  return longestMs;
}
