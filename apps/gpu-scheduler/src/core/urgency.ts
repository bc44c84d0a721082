import { welcome, virtualOf } from './fairness.ts';
import type { LaneQueue, WaitingJob } from './lane-queue.ts';
import { laneQueue, queuesFor, takeOut, type GpuState } from './state.ts';

/**
 * Work that nobody sits and waits for. Four rules:
 *   - background work is served, by the same policy as everybody, while nobody else waits on the node; whoever comes goes
 *     first from the next grant on, and finds a place free where a visit has several;
 *   - the GPU is taken to another lane for it only after nobody else has asked for a while, and it closes no gate before;
 *   - the oldest of a lane that has waited `backgroundAgedMs` counts as a job that somebody has just asked for;
 *   - a chore takes a place of the open visit that nobody else wants, and counts nowhere else.
 */

/** Puts a job where it waits. */
export function enqueue(state: GpuState, job: WaitingJob, nowMs: number): void {
  const queues = queuesFor(state, job);
  // Who has nothing but such work here competes with nobody whose level could be taken.
  if (queues === state.lanes) welcome(state, job.userId, nowMs);
  state.jobs.set(job.id, job);
  laneQueue(queues, job.lane).add(job, virtualOf(state, job.userId));
}

/** Whom the policy serves now: those that somebody waits for, or, while there are none, background work. */
export function inCharge(state: GpuState): ReadonlyMap<string, LaneQueue> {
  return state.isBackgroundsTurn ? state.background : state.lanes;
}

/** A lane with somebody waiting that has not just failed to come up. */
export function isOffered(state: GpuState, queue: LaneQueue, nowMs: number): boolean {
  return queue.size > 0 && (state.lanes.get(queue.lane.key)?.retryAtMs ?? 0) <= nowMs;
}

/** Lets background work age, and sees whose turn it is. A gate is not kept when those it was closed for are others now. */
export function settleUrgency(state: GpuState, nowMs: number): void {
  if (state.background.size === 0 && !state.isBackgroundsTurn) return;
  for (const queue of [...state.background.values()]) letAge(state, queue, nowMs);
  const isAwaited =
    state.order !== null || [...state.lanes.values()].some((queue) => isOffered(state, queue, nowMs));
  const isTheirs = !isAwaited && state.background.size > 0;
  if (isTheirs === state.isBackgroundsTurn) return;
  state.isBackgroundsTurn = isTheirs;
  if (state.turn !== null) state.turn.gate = null;
  if (state.visit === null) return;
  state.visit.gate = null;
  state.visit.heldJobMs = 0;
  state.visit.drainedAtMs = null;
}

function letAge(state: GpuState, queue: LaneQueue, nowMs: number): void {
  const oldest = queue.oldest();
  if (oldest === null || nowMs < ageMs(state, queue, oldest)) return;
  takeOut(state, oldest);
  state.arrivals += 1;
  // As if it had come now: it is to take its turn with the others, not to go before all of them.
  enqueue(state, { ...oldest, seq: state.arrivals, submittedAtMs: nowMs, isAged: true }, nowMs);
  state.aged.set(queue.lane.key, oldest.id);
}

/** When the oldest of the lane ages; infinite while another one that has aged still waits. */
function ageMs(state: GpuState, queue: LaneQueue, oldest: WaitingJob): number {
  const before = state.jobs.get(state.aged.get(queue.lane.key) ?? '');
  if (before?.isAged === true) return Number.POSITIVE_INFINITY;
  return oldest.submittedAtMs + state.settings.backgroundAgedMs;
}

/** When time alone changes something for background work; infinite when it does not. */
export function urgencyWakeMs(state: GpuState, nowMs: number): number {
  let wake = Number.POSITIVE_INFINITY;
  for (const queue of state.background.values()) {
    const oldest = queue.oldest();
    if (oldest === null) continue;
    const atMs = ageMs(state, queue, oldest);
    if (atMs > nowMs) wake = Math.min(wake, atMs);
  }
  const calmMs = calmEndMs(state);
  return state.isBackgroundsTurn && calmMs > nowMs ? Math.min(wake, calmMs) : wake;
}

/** Whether the GPU may be taken to another lane for those in charge. */
export function mayLeave(state: GpuState, nowMs: number): boolean {
  return !state.isBackgroundsTurn || state.visit === null || nowMs >= calmEndMs(state);
}

function calmEndMs(state: GpuState): number {
  return state.calmSinceMs + state.settings.prefetchAfterIdleMs;
}

/** Who waits, without chores. */
export function waitingCount(state: GpuState): number {
  let chores = 0;
  for (const queue of state.chores.values()) chores += queue.size;
  return state.jobs.size - chores;
}

/** Somebody or something waits or works, chores aside. */
export function isBusy(state: GpuState): boolean {
  if (waitingCount(state) > 0) return true;
  for (const { job } of state.running.values()) if (job.urgency !== 'chore') return true;
  return false;
}
