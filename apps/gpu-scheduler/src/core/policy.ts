import { learnPromise, serviceBand } from './estimates.ts';
import { charge, weightAt } from './fairness.ts';
import type { Lane, LaneQueue, WaitingJob } from './lane-queue.ts';
import { shareOf } from './load.ts';
import { orderPatienceEndMs, settleOrder } from './order-end.ts';
import {
  allQueues,
  queuesFor,
  takeOut,
  type Effect,
  type GpuState,
  type GrantReason,
  type SwapCause,
  type Turn,
  type Visit,
} from './state.ts';
import {
  inCharge,
  isBusy,
  isOffered,
  mayLeave,
  settleUrgency,
  urgencyWakeMs,
  waitingCount,
} from './urgency.ts';
import { drainEndMs, entitled, EVERYBODY, gateWakeMs, settleGates, slotsOf, turnLength } from './visits.ts';

/**
 * Decides what the GPU does next, after every fact. Checked in this order:
 *   1. a switch by hand whose lane has the GPU is done;
 *   2. the node is away, or a swap is under way: nothing;
 *   3. an engine did not let go: once nobody runs, the card is cleared;
 *   4. a forced switch by hand: once nobody runs, swap to its lane;
 *   5. the visit has a free place and somebody who may have it: grant, until one of the two runs out;
 *   6. somebody still runs: wait for the end;
 *   7. somebody waits in another lane: swap to the lane whose turn it is;
 *   8. nobody waits, and that has lasted: go home.
 * While nobody waits but background work, that is who waits in all of this (`urgency.ts`). Chores take what 5 leaves over.
 * Pure but for `state`, which it moves on: the same state and time give the same effects.
 */
export function decide(state: GpuState, nowMs: number): Effect[] {
  const effects = settleOrder(state);
  if (!state.node.isPresent || state.swap !== null) return effects;
  settleUrgency(state, nowMs);
  settleGates(state, nowMs);
  if (state.clearing !== null) {
    const mayClear = state.running.size === 0 && nowMs >= state.clearing.atMs;
    if (mayClear) effects.push(beginSwap(state, null, 'engine_not_quiet', nowMs));
    return effects;
  }
  if (state.order?.force === true) {
    if (state.running.size === 0) effects.push(beginSwap(state, state.order.to, 'by_hand', nowMs));
    return effects;
  }
  for (let grant = grantNext(state, nowMs); grant !== null; grant = grantNext(state, nowMs)) {
    effects.push(grant);
  }
  if (state.running.size > 0) return effects;
  const next = nextLane(state, nowMs) ?? homeward(state, nowMs);
  if (next !== null) effects.push(beginSwap(state, next.lane, next.cause, nowMs));
  return effects;
}

/** When `decide` could come to something new by time alone; null when only facts can change its mind. */
export function nextWakeMs(state: GpuState, nowMs: number): number | null {
  let wake = EVERYBODY;
  if (!state.node.isPresent) {
    for (const queue of allQueues(state)) {
      const oldest = queue.oldest();
      if (oldest !== null) wake = Math.min(wake, patienceEndMs(state, oldest));
    }
    wake = Math.min(wake, orderPatienceEndMs(state));
    return Number.isFinite(wake) ? wake : null;
  }
  if (state.swap !== null) return null;
  for (const { size, lane } of allQueues(state)) {
    const retryAtMs = state.lanes.get(lane.key)?.retryAtMs ?? 0;
    if (size > 0 && retryAtMs > nowMs) wake = Math.min(wake, retryAtMs);
  }
  if (state.clearing !== null && state.clearing.atMs > nowMs) wake = Math.min(wake, state.clearing.atMs);
  const gateMs = gateWakeMs(state, nowMs);
  if (gateMs > nowMs) wake = Math.min(wake, gateMs);
  wake = Math.min(wake, urgencyWakeMs(state, nowMs));
  const home = homeLane(state);
  // Until a chore has ended there is nothing to be done about it.
  if (home !== null && (state.running.size === 0 || home.fromMs > nowMs)) wake = Math.min(wake, home.fromMs);
  return Number.isFinite(wake) ? wake : null;
}

/** Until when a job waits for a node that is away. */
export function patienceEndMs(state: GpuState, job: WaitingJob): number {
  return Math.max(job.submittedAtMs, state.node.sinceMs) + state.settings.awayPatienceMs;
}

/**
 * One grant of the visit, or null. Checked in this order: no place is free; nobody waits, or the lane pauses; the next of
 * those who are entitled; somebody who fits into the time that the others still need.
 */
function grantNext(state: GpuState, nowMs: number): Effect | null {
  const { visit, settings } = state;
  if (visit === null || !hasPlace(state, visit)) return null;
  const queue = inCharge(state).get(visit.lane.key);
  if (queue === undefined || !isOffered(state, queue, nowMs)) return leftOver(state, visit, nowMs);
  const { throughSeq, reason, notServedSinceMs } = entitled(state, visit, nowMs);
  const without = usersAtTheirLimit(state);
  const agedBeforeMs = nowMs - settings.agedAfterMs[visit.lane.engine];
  const next = queue.next({ throughSeq, agedBeforeMs, without });
  const isOwed =
    next !== null && (notServedSinceMs === null || queue.servedAtMs(next.job.userId) < notServedSinceMs);
  if (isOwed) {
    visit.drainedAtMs = null;
    return grant(state, visit, next.job, next.isAged ? 'aged' : reason, nowMs);
  }
  if (state.running.size === 0) return null;
  visit.drainedAtMs ??= drainEndMs(state);
  const rider = queue.next({ throughSeq: EVERYBODY, agedBeforeMs, without });
  if (rider === null) return null;
  const endMs = nowMs + serviceBand(state.estimates, rider.job).mean;
  return endMs <= visit.drainedAtMs ? grant(state, visit, rider.job, 'rides_along', nowMs) : null;
}

/** Where a visit has several places, one is kept for somebody who comes and waits. */
function hasPlace(state: GpuState, visit: Visit): boolean {
  const slots = slotsOf(state, visit.lane.engine);
  const isKept = slots > 1 && (state.isBackgroundsTurn || waitingCount(state) === 0);
  return state.running.size < (isKept ? slots - 1 : slots);
}

/** A chore of the visit's lane, when nobody waits for anything and the GPU is not about to go home. */
function leftOver(state: GpuState, visit: Visit, nowMs: number): Effect | null {
  const queue = state.chores.get(visit.lane.key);
  if (queue === undefined || !isOffered(state, queue, nowMs)) return null;
  if (waitingCount(state) > 0 || state.order !== null) return null;
  const home = homeLane(state);
  if (home !== null && nowMs >= home.fromMs) return null;
  const next = queue.next({ throughSeq: EVERYBODY, agedBeforeMs: 0, without: usersAtTheirLimit(state) });
  return next === null ? null : grant(state, visit, next.job, 'visit_open', nowMs);
}

function usersAtTheirLimit(state: GpuState): number[] {
  const { maxRunningPerUser } = state.settings;
  if (maxRunningPerUser === 0) return [];
  const held = new Map<number, number>();
  for (const { job } of state.running.values()) held.set(job.userId, (held.get(job.userId) ?? 0) + 1);
  return [...held].filter(([, count]) => count >= maxRunningPerUser).map(([userId]) => userId);
}

function grant(state: GpuState, visit: Visit, job: WaitingJob, reason: GrantReason, nowMs: number): Effect {
  keepPromise(state, job, nowMs);
  queuesFor(state, job).get(job.lane.key)?.served(job.userId, nowMs);
  takeOut(state, job);
  // A chore is no reason for a visit, and does not make up for one.
  if (job.urgency !== 'chore') visit.served += 1;
  state.grants += 1;
  const leaseId = `${state.term}-${state.grants}`;
  const charged = { ms: serviceBand(state.estimates, job).mean, weight: weightAt(state, nowMs) };
  state.running.set(leaseId, {
    leaseId,
    job,
    fence: visit.fence,
    stage: 'granting',
    grantedAtMs: nowMs,
    ending: null,
    revoke: null,
    charge: charged,
  });
  charge(state, job.userId, charged.ms * charged.weight, nowMs);
  // Only the first jobs of a visit waited for the hand-over itself.
  const swapId = job.submittedAtMs <= visit.startedAtMs ? visit.swapId : null;
  return { do: 'grant', leaseId, job, fence: visit.fence, swapId, reason };
}

/** What became of the first forecast teaches the next ones. */
function keepPromise(state: GpuState, job: WaitingJob, nowMs: number): void {
  const promised = state.promises.get(job.id);
  if (promised === undefined || state.isThinkingAhead) return;
  state.promises.delete(job.id);
  const off = (nowMs - promised.grantAtMs) / promised.spreadMs;
  state.estimates = learnPromise(state.estimates, job.lane.engine, off);
}

/**
 * A lane that somebody waits for. `seq` is since when, as an arrival number: since its oldest job came or since it was last
 * visited, whichever is later; so lanes with old backlogs take turns with the others instead of going first every time.
 */
interface Candidate {
  readonly lane: Lane;
  readonly seq: number;
  readonly cause: SwapCause;
}

/**
 * The lane that is visited next; null when nobody waits who could be served. Checked in this order:
 *   1. Ollama's turn, and an image waits: the models that are still owed their visit of the tour, while the turn lasts;
 *   2. the turn has ended because the other engine waits: the other engine;
 *   3. otherwise the most urgent engine that somebody waits for.
 * Within an engine the lane that has waited longest. A switch by hand counts as a job of its lane.
 */
function nextLane(state: GpuState, nowMs: number): Candidate | null {
  if (!mayLeave(state, nowMs)) return null;
  const found = candidates(state, nowMs);
  const { turn, visit } = state;
  if (turn !== null && visit !== null) {
    const sameEngine = found.filter(({ lane }) => lane.engine === turn.engine);
    const others = oldest(found.filter(({ lane }) => lane.engine !== turn.engine));
    if (others !== null) {
      const owed = oldest(sameEngine.filter(({ lane }) => !turn.visited.has(lane.key)));
      const isFirst = owed !== null && (owed.seq < others.seq || owed.seq <= turn.startedAtSeq);
      if (isFirst && isOwedItsVisit(state, turn, owed, nowMs)) return because(owed, 'tour');
      if (turn.gate !== null) return sameEngine.length > 0 ? because(others, 'turn_over') : others;
    }
  }
  const elsewhere = found.filter(({ lane }) => lane.key !== visit?.lane.key);
  const urgent = Math.max(...elsewhere.map(({ lane }) => state.settings.priority[lane.engine]));
  const next = oldest(elsewhere.filter(({ lane }) => state.settings.priority[lane.engine] === urgent));
  const isOtherEngine = next?.lane.engine !== visit?.lane.engine;
  const isLeft = found.some(({ lane }) =>
    isOtherEngine ? lane.engine === visit?.lane.engine : lane.key === visit?.lane.key,
  );
  return isLeft ? because(next, isOtherEngine ? 'turn_over' : 'worth_it') : next;
}

function isOwedItsVisit(state: GpuState, turn: Turn, { seq }: Candidate, nowMs: number): boolean {
  if (turn.engine !== 'ollama') return false;
  if (turn.gate === null) return true;
  const endMs = turn.gate.closedAtMs + turnLength(state, 'ollama', nowMs).usualMs;
  return nowMs < endMs && seq <= turn.gate.throughSeq;
}

function because(candidate: Candidate | null, cause: SwapCause): Candidate | null {
  return candidate === null || candidate.cause === 'by_hand' ? candidate : { ...candidate, cause };
}

function candidates(state: GpuState, nowMs: number): Candidate[] {
  const found: Candidate[] = [];
  for (const queue of inCharge(state).values()) {
    if (isOffered(state, queue, nowMs)) found.push(candidateOf(queue));
  }
  if (state.order !== null) found.push({ lane: state.order.to, seq: state.order.seq, cause: 'by_hand' });
  return found;
}

function candidateOf(queue: LaneQueue): Candidate {
  const seq = Math.max(queue.oldestSeq(), queue.visitedAtSeq);
  return { lane: queue.lane, seq, cause: 'job_waiting' };
}

function oldest(found: readonly Candidate[]): Candidate | null {
  let first: Candidate | null = null;
  for (const candidate of found) if (first === null || candidate.seq < first.seq) first = candidate;
  return first;
}

function homeward(state: GpuState, nowMs: number): Candidate | null {
  const home = homeLane(state);
  return home === null || nowMs < home.fromMs ? null : { lane: home.lane, seq: 0, cause: 'return_home' };
}

/** A model must be asked for so many times as often before it is loaded in place of another that nobody uses just now. */
const CLEARLY_MORE = 2;

/**
 * Where an idle GPU goes, and from when on; null when it stays. Checked in this order:
 *   1. not at all: somebody waits or runs, it is not wanted, it was put here by hand, or going home has just failed;
 *   2. no language model is resident: the last one, or one that is asked for clearly more often;
 *   3. a language model is resident and another is asked for clearly more often: that one, after a longer pause.
 */
function homeLane(state: GpuState): { readonly lane: Lane; readonly fromMs: number } | null {
  const { settings, visit, home } = state;
  if (isBusy(state) || state.order !== null || !settings.restoreHome || state.homeFailed || home === null)
    return null;
  if (visit?.isByHand === true && visit.served === 0) return null;
  const wanted = state.demand[0];
  const isClear = wanted !== undefined && wanted.share >= CLEARLY_MORE * shareOf(state.demand, home);
  if (visit?.lane.engine !== 'ollama') {
    return { lane: isClear ? wanted.lane : home, fromMs: state.idleSinceMs + settings.restoreAfterIdleMs };
  }
  if (!isClear || wanted.lane.key === visit.lane.key) return null;
  return { lane: wanted.lane, fromMs: state.idleSinceMs + settings.prefetchAfterIdleMs };
}

/** The old visit is over from here on; the fence of the new one is used up even when the swap fails. */
function beginSwap(state: GpuState, to: Lane | null, cause: SwapCause, nowMs: number): Effect {
  const from = state.visit?.lane ?? null;
  for (const queue of allQueues(state)) {
    if (queue.lane.key === from?.key) queue.visitedAtSeq = state.arrivals + 1;
  }
  state.fence += 1;
  state.nodeTurns += 1;
  state.visit = null;
  if (to === null || state.turn?.engine !== to.engine) state.turn = null;
  state.swap = {
    id: `swap-${state.term}-${state.fence}`,
    fence: state.fence,
    from,
    to,
    cause,
    startedAtMs: nowMs,
    phase: 'drain',
    isAccepted: false,
    missedReports: 0,
  };
  return { do: 'startSwap', swap: state.swap, reason: cause };
}
