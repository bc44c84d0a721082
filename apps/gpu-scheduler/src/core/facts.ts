import { refusal } from './admission.ts';
import { learnService, learnSwap, serviceBand } from './estimates.ts';
import { charge, sweepAccounts } from './fairness.ts';
import type { Lane, LaneQueue, WaitingJob } from './lane-queue.ts';
import { withRequest, withWork } from './load.ts';
import { endOrder, orderPatienceEndMs } from './order-end.ts';
import { decide, patienceEndMs } from './policy.ts';
import {
  allQueues,
  laneQueue,
  laneWorks,
  takeOut,
  type Effect,
  type Ending,
  type GpuState,
  type Outcome,
  type RevokeReason,
  type Running,
  type SwapCause,
  type SwapPhase,
} from './state.ts';
import { enqueue, isBusy } from './urgency.ts';

/**
 * Everything that can happen, as functions of the state, the fact and the time. Each moves the state on and returns what
 * is to be done about it. A fact about something unknown is a late echo and changes nothing.
 */

export const LOST: Ending = { outcome: 'failed', code: 'gpu.lease_lost' };
const CANCELLED: Ending = { outcome: 'cancelled', code: 'gpu.job_cancelled' };
const NO_ENGINE: Ending = { outcome: 'failed', code: 'engine.unavailable' };
/** Why swaps fail that those who wait should hear of; of the rest they learn that the engine is not there. */
const TOLD_FAILURES = new Set([
  'engine.out_of_memory',
  'engine.start_failed',
  'engine.failed',
  'model.unknown',
]);
const WAITED_TOO_LONG: Ending = { outcome: 'failed', code: 'gpu.wait_too_long' };

export type Arrival = Omit<WaitingJob, 'seq'>;

export function isKnown(state: GpuState, jobId: string): boolean {
  return state.jobs.has(jobId) || runningJob(state, jobId) !== null;
}

function runningJob(state: GpuState, jobId: string): Running | null {
  for (const running of state.running.values()) if (running.job.id === jobId) return running;
  return null;
}

/** A new job, which may be refused; nothing of it is kept then. */
export function onArrival(state: GpuState, arrival: Arrival, nowMs: number): Effect[] {
  if (isKnown(state, arrival.id)) return [];
  // Time alone wakes nobody up where one model serves everybody; there the accounts are looked after here.
  sweepAccounts(state, nowMs);
  const refused = refusal(state, arrival, nowMs);
  if (refused !== null) {
    const { code, expectedWaitMs } = refused;
    return [{ do: 'end', job: { ...arrival, seq: 0 }, ending: { outcome: 'failed', code }, expectedWaitMs }];
  }
  admitUndecided(state, arrival, nowMs);
  if (arrival.urgency === undefined) {
    const workMs = serviceBand(state.estimates, arrival).mean;
    state.load = withWork(state.load, arrival.lane.engine, workMs, nowMs);
    if (arrival.lane.engine === 'ollama') state.demand = withRequest(state.demand, arrival.lane);
    state.calmSinceMs = nowMs;
  }
  return decide(state, nowMs);
}

/** Puts a job in without deciding anything yet: its cancellation came first. */
export function admitUndecided(state: GpuState, arrival: Arrival, nowMs: number): void {
  if (isKnown(state, arrival.id)) return;
  state.arrivals += 1;
  enqueue(state, { ...arrival, seq: state.arrivals }, nowMs);
}

/**
 * Many at once, without deciding in between: what a new leader finds. They were let in before and are not refused; they
 * are numbered in the order in which they were submitted, whatever order they are told in.
 */
export function onBacklog(state: GpuState, arrivals: readonly Arrival[], nowMs: number): Effect[] {
  const inOrder = arrivals.toSorted((one, other) => one.submittedAtMs - other.submittedAtMs);
  for (const arrival of inOrder) admitUndecided(state, arrival, nowMs);
  return decide(state, nowMs);
}

/** Somebody wants the job to end, whatever its state. */
export function onCancel(state: GpuState, jobId: string, nowMs: number): Effect[] {
  const job = state.jobs.get(jobId);
  if (job !== undefined) {
    takeOut(state, job);
    return [{ do: 'end', job, ending: CANCELLED }, ...left(state, job, nowMs), ...decide(state, nowMs)];
  }
  const running = runningJob(state, jobId);
  return running === null ? [] : takeBack(running, 'cancelled', CANCELLED);
}

/** The job is not in the queue any more although nobody told us: somebody removed it by hand. */
export function onVanished(state: GpuState, jobId: string, nowMs: number): Effect[] {
  const job = state.jobs.get(jobId);
  if (job === undefined) return [];
  takeOut(state, job);
  return [...left(state, job, nowMs), ...decide(state, nowMs)];
}

/** `bootId` is the process-manager's that let the lease through. */
export function onGranted(state: GpuState, leaseId: string, bootId: string, nowMs: number): Effect[] {
  const running = state.running.get(leaseId);
  if (running?.stage !== 'granting') return [];
  running.stage = 'live';
  running.grantedAtMs = nowMs;
  laneWorks(state, running.job.lane);
  if (running.ending !== null) {
    return takeBack(running, running.revoke ?? 'node_lost', running.ending);
  }
  if (state.node.bootId !== null && state.node.bootId !== bootId) return takeBack(running, 'node_lost', LOST);
  return [];
}

/** `job_gone`: it was not in the queue. `refused`: the guard would not have it. `away`: the guard did not answer. */
export type GrantFailure = 'job_gone' | 'cancelled' | 'refused' | 'away';

export function onGrantFailed(state: GpuState, leaseId: string, why: GrantFailure, nowMs: number): Effect[] {
  const running = state.running.get(leaseId);
  if (running?.stage !== 'granting') return [];
  state.running.delete(leaseId);
  settleAccount(state, running, 0, nowMs);
  const effects: Effect[] = [];
  const isCounted = running.job.urgency !== 'chore';
  if (state.visit !== null && isCounted) state.visit.served = Math.max(0, state.visit.served - 1);
  if (running.ending?.outcome === 'cancelled' || why === 'cancelled') {
    effects.push({ do: 'end', job: running.job, ending: CANCELLED });
  } else if (why !== 'job_gone') {
    enqueue(state, running.job, nowMs);
    if (why === 'refused') pauseLane(state, running.job.lane, nowMs);
    else setAway(state, nowMs);
  }
  return [...effects, ...left(state, running.job, nowMs), ...decide(state, nowMs)];
}

/** The holder gave the lease back. */
export function onReleased(state: GpuState, leaseId: string, outcome: Outcome): Effect[] {
  const running = state.running.get(leaseId);
  if (running === undefined || running.stage === 'closing') return [];
  running.stage = 'closing';
  running.ending = { outcome, code: outcome === 'cancelled' ? CANCELLED.code : null };
  return [{ do: 'close', leaseId, jobId: running.job.id, revoke: null }];
}

/** The holder did not renew in time. */
export function onExpired(state: GpuState, leaseId: string): Effect[] {
  const running = state.running.get(leaseId);
  return running === undefined ? [] : takeBack(running, 'expired', LOST);
}

/** Only now is the place free. `isQuiet` false: the engine would not let go and must be cleared. */
export function onDoorShut(state: GpuState, leaseId: string, isQuiet: boolean, nowMs: number): Effect[] {
  const running = state.running.get(leaseId);
  if (running?.stage !== 'closing') return [];
  state.running.delete(leaseId);
  if (!isQuiet) state.clearing ??= { atMs: nowMs, failures: 0 };
  const { job } = running;
  const ending = running.ending ?? LOST;
  const tookMs = Math.max(0, nowMs - running.grantedAtMs);
  settleAccount(state, running, tookMs, nowMs);
  if (ending.outcome === 'completed' && !state.isThinkingAhead) {
    state.estimates = learnService(state.estimates, job, tookMs);
  }
  const finish: Effect = { do: 'finish', leaseId, job, ending };
  return [finish, ...left(state, job, nowMs), ...decide(state, nowMs)];
}

export function onSwapAccepted(state: GpuState, swapId: string): Effect[] {
  if (state.swap?.id === swapId && !state.swap.isAccepted) {
    state.swap.isAccepted = true;
    state.nodeTurns += 1;
  }
  return [];
}

export function onSwapPhase(state: GpuState, swapId: string, phase: SwapPhase): Effect[] {
  if (state.swap?.id === swapId) state.swap.phase = phase;
  return [];
}

export interface SwapResult {
  readonly swapId: string;
  readonly isDone: boolean;
  /** As the node measured it; null when it never told. */
  readonly tookMs: number | null;
  /** Why it failed, when the node has told. */
  readonly code?: string;
}

export function onSwapEnded(
  state: GpuState,
  { swapId, isDone, tookMs, code }: SwapResult,
  nowMs: number,
): Effect[] {
  const { swap } = state;
  if (swap?.id !== swapId) return [];
  state.swap = null;
  state.nodeTurns += 1;
  state.idleSinceMs = nowMs;
  const effects: Effect[] = [];
  if (isDone && swap.to !== null) {
    openVisit(state, swap.to, { fence: swap.fence, swapId, nowMs });
    laneWorks(state, swap.to);
  } else if (isDone) {
    state.clearing = null;
  } else {
    state.turn = null;
    effects.push(
      ...(swap.to === null
        ? clearingFailed(state, nowMs)
        : swapFailed(state, { lane: swap.to, cause: swap.cause, code: code ?? null }, nowMs)),
    );
  }
  if (isDone && tookMs !== null && !state.isThinkingAhead) {
    state.estimates = learnSwap(state.estimates, { from: swap.from, to: swap.to, ms: tookMs });
  }
  return [...effects, ...decide(state, nowMs)];
}

/**
 * The model that had the GPU was taken off it by hand. Whoever wants it again brings it back; the GPU alone does not, as it
 * would when it has nothing to do.
 */
export function onUnloaded(state: GpuState, laneKey: string, nowMs: number): Effect[] {
  if (state.swap !== null || state.visit?.lane.key !== laneKey) return [];
  // A report of the node that was asked for before still names the old owner.
  state.nodeTurns += 1;
  state.visit = null;
  state.turn = null;
  state.homeFailed = true;
  state.idleSinceMs = nowMs;
  return decide(state, nowMs);
}

/** Time went by: pauses end, patience ends, the GPU goes home. */
export function onTick(state: GpuState, nowMs: number): Effect[] {
  const effects: Effect[] = [];
  if (!state.node.isPresent) {
    for (const queue of [...allQueues(state)]) {
      for (let job = queue.oldest(); job !== null; job = queue.oldest()) {
        if (nowMs < patienceEndMs(state, job)) break;
        takeOut(state, job);
        effects.push({ do: 'end', job, ending: WAITED_TOO_LONG });
      }
    }
    if (nowMs >= orderPatienceEndMs(state)) effects.push(...endOrder(state, 'failed', WAITED_TOO_LONG.code));
  }
  if (!state.isThinkingAhead) sweepAccounts(state, nowMs);
  return [...effects, ...decide(state, nowMs)];
}

export function takeBack(running: Running, reason: RevokeReason, ending: Ending): Effect[] {
  if (running.stage === 'closing') return [];
  running.ending = ending;
  running.revoke = reason;
  if (running.stage === 'granting') return [];
  running.stage = 'closing';
  return [{ do: 'close', leaseId: running.leaseId, jobId: running.job.id, revoke: reason }];
}

export function lostEngine(running: Running): Effect[] {
  return takeBack(running, 'engine_lost', LOST);
}

export function lostNode(running: Running): Effect[] {
  return takeBack(running, 'node_lost', LOST);
}

export function setAway(state: GpuState, nowMs: number): void {
  if (state.node.isPresent) state.node = { ...state.node, isPresent: false, sinceMs: nowMs };
}

export function openVisit(
  state: GpuState,
  lane: Lane,
  opening: { readonly fence: number; readonly swapId: string | null; readonly nowMs: number },
): void {
  const { fence, swapId, nowMs } = opening;
  state.fence = Math.max(state.fence, fence);
  const isByHand = state.order?.to.key === lane.key;
  state.visit = {
    lane,
    fence,
    startedAtMs: nowMs,
    swapId,
    isByHand,
    served: 0,
    gate: null,
    heldJobMs: 0,
    heldUntilMs: nowMs,
    drainedAtMs: null,
  };
  if (state.turn === null || state.turn.engine !== lane.engine) {
    state.turn = {
      engine: lane.engine,
      visited: new Set(),
      gate: null,
      startedAtMs: nowMs,
      startedAtSeq: state.arrivals,
    };
  }
  state.turn.visited.add(lane.key);
  if (lane.engine === 'ollama') state.home = lane;
  else state.homeFailed = false;
}

/** Tells those who wait when it has failed often enough; later ones get one try each, after the pause. */
function swapFailed(
  state: GpuState,
  { lane, cause, code }: { lane: Lane; cause: SwapCause | null; code: string | null },
  nowMs: number,
): Effect[] {
  if (cause === 'return_home') state.homeFailed = true;
  const queue = pauseLane(state, lane, nowMs);
  const isTold = code !== null && TOLD_FAILURES.has(code);
  const ending: Ending = isTold ? { outcome: 'failed', code } : NO_ENGINE;
  // Whoever ordered it by hand is told at once and may try again; the jobs have more patience.
  const order = state.order?.to.key === lane.key ? endOrder(state, 'failed', ending.code) : [];
  if (queue.failures < state.settings.maxSwapFailures) return order;
  const waiting = [...allQueues(state)].filter((one) => one.lane.key === lane.key);
  return [
    ...order,
    ...giveUp(
      state,
      waiting.flatMap((one) => [...one.jobs()]),
      ending,
    ),
  ];
}

/** The card cannot be cleared: no lane can be served. */
function clearingFailed(state: GpuState, nowMs: number): Effect[] {
  const failures = (state.clearing?.failures ?? 0) + 1;
  state.clearing = { atMs: nowMs + pauseMs(state, failures - 1), failures };
  if (failures < state.settings.maxSwapFailures) return [];
  return [
    ...endOrder(state, 'failed', NO_ENGINE.code),
    ...giveUp(state, [...state.jobs.values()], NO_ENGINE),
  ];
}

function giveUp(state: GpuState, jobs: readonly WaitingJob[], ending: Ending): Effect[] {
  return jobs.map((job) => {
    takeOut(state, job);
    return { do: 'end', job, ending };
  });
}

function pauseLane(state: GpuState, lane: Lane, nowMs: number): LaneQueue {
  const queue = laneQueue(state.lanes, lane);
  queue.retryAtMs = nowMs + pauseMs(state, queue.failures);
  queue.failures += 1;
  return queue;
}

function pauseMs(state: GpuState, failuresBefore: number): number {
  const { retryPauseMs, maxRetryPauseMs } = state.settings;
  return Math.min(maxRetryPauseMs, retryPauseMs * 2 ** Math.min(failuresBefore, 10));
}

/** The estimate that was charged at the grant gives way to the time that it really took. */
function settleAccount(
  state: GpuState,
  { job, charge: charged }: Running,
  tookMs: number,
  nowMs: number,
): void {
  charge(state, job.userId, (tookMs - charged.ms) * charged.weight, nowMs);
}

/** A job waits or runs no more. How long the GPU has been idle, and how long nobody has asked, is not for chores to say. */
function left(state: GpuState, { urgency }: WaitingJob, nowMs: number): [] {
  if (urgency === undefined) state.calmSinceMs = nowMs;
  if (urgency !== 'chore' && !isBusy(state)) state.idleSinceMs = nowMs;
  return [];
}
