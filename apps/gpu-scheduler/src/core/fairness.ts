import type { WaitingJob } from './lane-queue.ts';
import { allQueues, type GpuState } from './state.ts';

/**
 * How much GPU time each user has had, as virtual time: the one who has had least is served next. Four rules:
 *   - what a job is expected to take is charged when it is granted, and corrected by what it really took;
 *   - it fades: time that was used counts half after `fairnessHalfLifeMs`;
 *   - who comes back from doing nothing starts with the least served of those who are there: nobody saves up;
 *   - the account is one for all lanes: images are paid for with later chats, and the other way round.
 * Fading works the other way round: nothing that was charged shrinks, but what is charged later weighs more. So an order
 * between two users changes only when one of them is charged, and no tree has to be sorted anew.
 */

/** Beyond this many half-lives without one idle moment the weight stays as it is; doubles end at 2 to the 1023. */
const MAX_DOUBLINGS = 900;
/** From here on an idle moment is used to start from small numbers again. */
const MANY_DOUBLINGS = 100;
const SWEEP_MS = 3_600_000;

export function weightAt(state: GpuState, nowMs: number): number {
  const halfLives = Math.floor((nowMs - state.fairSinceMs) / state.settings.fairnessHalfLifeMs);
  return 2 ** Math.min(MAX_DOUBLINGS, Math.max(0, halfLives));
}

export function virtualOf(state: GpuState, userId: number): number {
  return state.accounts.get(userId)?.virtual ?? 0;
}

/** `amount` is weighed already, and may be negative. */
export function charge(state: GpuState, userId: number, amount: number, nowMs: number): void {
  const virtual = Math.max(0, virtualOf(state, userId) + amount);
  state.accounts.set(userId, { virtual, changedAtMs: nowMs });
  for (const queue of allQueues(state)) queue.rerank(userId, virtual);
}

/** To be called before a job of theirs is added or counted as running. */
export function welcome(state: GpuState, userId: number, nowMs: number): void {
  if (isActive(state, userId)) return;
  const floor = leastActive(state);
  if (floor > virtualOf(state, userId)) state.accounts.set(userId, { virtual: floor, changedAtMs: nowMs });
}

/** Who has only other work here does not take part in the comparison; what it uses is charged all the same. */
function isAwaited({ urgency, isAged }: WaitingJob): boolean {
  return urgency === undefined || isAged === true;
}

function isActive(state: GpuState, userId: number): boolean {
  for (const { job } of state.running.values()) if (job.userId === userId && isAwaited(job)) return true;
  for (const queue of state.lanes.values()) if (queue.countOf(userId) > 0) return true;
  return false;
}

function isHere(state: GpuState, userId: number): boolean {
  for (const queue of allQueues(state)) if (queue.countOf(userId) > 0) return true;
  for (const { job } of state.running.values()) if (job.userId === userId) return true;
  return false;
}

function leastActive(state: GpuState): number {
  let least = Number.POSITIVE_INFINITY;
  for (const queue of state.lanes.values()) least = Math.min(least, queue.leastVirtual() ?? least);
  // What is charged for work that has not been done yet does not count against who comes meanwhile.
  for (const { job, charge: charged } of state.running.values()) {
    if (!isAwaited(job)) continue;
    least = Math.min(least, virtualOf(state, job.userId) - charged.ms * charged.weight);
  }
  return Number.isFinite(least) ? Math.max(0, least) : 0;
}

/** Forgets who has not been here for an hour; whoever has something waiting is not looked at again, so it is kept. */
export function sweepAccounts(state: GpuState, nowMs: number): void {
  if (state.jobs.size === 0 && state.running.size === 0 && weightAt(state, nowMs) > 2 ** MANY_DOUBLINGS) {
    for (const userId of [...state.accounts.keys()]) state.accounts.delete(userId);
    state.fairSinceMs = nowMs;
  }
  if (nowMs < state.sweptAtMs + SWEEP_MS) return;
  state.sweptAtMs = nowMs;
  for (const [userId, { changedAtMs }] of [...state.accounts.entries()]) {
    if (changedAtMs < nowMs - SWEEP_MS && !isHere(state, userId)) state.accounts.delete(userId);
  }
}
