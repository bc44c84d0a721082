import { guessWorth, serviceBand, swapBand } from './estimates.ts';
import type { Engine } from './lane-queue.ts';
import { loadOf } from './load.ts';
import { type Gate, type GpuState, type GrantReason, type Visit } from './state.ts';
import { inCharge, isOffered, mayLeave } from './urgency.ts';

/** How long visits and turns last, and who may still be served in one. */

export const EVERYBODY = Number.POSITIVE_INFINITY;
const NOBODY = 0;
/** A turn of the less urgent engine lasts at least so many times the swap that begins the next one, or it was not worth it. */
const SWAPS_PER_TURN = 2;
/** Of the growth of a turn, a turn that cannot be finished gets one in so many. */
const HOPELESS = 2.5;
/** Beyond this load no length of turns helps; turns are as long as they may be. */
const FULL_LOAD = 0.95;

export function otherEngine(engine: Engine): Engine {
  return engine === 'comfyui' ? 'ollama' : 'comfyui';
}

/** The more urgent engine takes all comers until its time is up; the other one serves those who were there. */
function isMoreUrgent(state: GpuState, engine: Engine): boolean {
  return state.settings.priority[engine] > state.settings.priority[otherEngine(engine)];
}

/**
 * How long an engine goes on once the other one has somebody waiting. `usualMs` for everybody, `longestMs` while those who
 * wait could all be served within it, and for users who have not been served in this turn. A round of turns has to be about
 * `swaps / (1 - load)` long to carry the load; but what cannot be finished anyway (a flood) is little reason to keep the
 * others waiting.
 */
export interface TurnLength {
  readonly usualMs: number;
  readonly longestMs: number;
}

export function turnLength(state: GpuState, engine: Engine, nowMs: number): TurnLength {
  const configuredMs = state.settings.maxTurnMs[engine];
  const grown = growth(state, nowMs);
  const longestMs = configuredMs * grown;
  const closedAtMs = state.turn?.engine === engine ? (state.turn.gate?.closedAtMs ?? nowMs) : nowMs;
  let workMs = 0;
  for (const queue of inCharge(state).values())
    if (queue.lane.engine === engine) workMs += queue.waitingWorkMs;
  const neededMs = (workMs * guessWorth(state.estimates, engine)) / slotsOf(state, engine);
  const isHopeless = nowMs - closedAtMs + neededMs > longestMs;
  return { usualMs: isHopeless ? configuredMs * (1 + (grown - 1) / HOPELESS) : longestMs, longestMs };
}

function growth(state: GpuState, nowMs: number): number {
  const { ollama, comfyui } = loadOf(state.load, nowMs);
  const load = comfyui + ollama / state.settings.ollamaSlots;
  const busy = Math.min(FULL_LOAD, load);
  return Math.min(state.settings.maxTurnGrowth, (1 + busy) / (1 - busy));
}

export function slotsOf(state: GpuState, engine: Engine): number {
  return engine === 'ollama' ? state.settings.ollamaSlots : 1;
}

/**
 * A gate is closed while, and only while, somebody else waits: the engine's gate when the other engine has a job, the
 * lane's gate when any other lane has one. Closing remembers who had arrived by then. The less urgent engine's gate stays
 * open until its turn has lasted twice a swap; `gateWakeMs` says when that is.
 */
export function settleGates(state: GpuState, nowMs: number): void {
  const { visit, turn } = state;
  if (visit === null || turn === null) return;
  const others = waitingElsewhere(state, visit, nowMs);
  const closed: Gate = { closedAtMs: nowMs, throughSeq: state.arrivals };
  if (visit.gate !== null) visit.heldJobMs += others.sameEngine * Math.max(0, nowMs - visit.heldUntilMs);
  visit.heldUntilMs = nowMs;
  if (others.sameEngine + others.otherEngine === 0) {
    visit.gate = null;
    visit.heldJobMs = 0;
  } else visit.gate ??= closed;
  if (others.otherEngine === 0) {
    turn.gate = null;
    return;
  }
  if (turn.gate !== null || nowMs < earliestGateMs(state)) return;
  turn.gate = closed;
  // A tour of the models begins; this one is having its visit.
  turn.visited.clear();
  turn.visited.add(visit.lane.key);
}

/** When a gate will close that is still open although the other engine waits; infinite when there is none. */
export function gateWakeMs(state: GpuState, nowMs: number): number {
  const { visit, turn } = state;
  if (visit === null || turn === null || turn.gate !== null) return EVERYBODY;
  const others = waitingElsewhere(state, visit, nowMs);
  return others.otherEngine > 0 ? earliestGateMs(state) : EVERYBODY;
}

function earliestGateMs(state: GpuState): number {
  const { turn } = state;
  if (turn === null || isMoreUrgent(state, turn.engine)) return 0;
  return turn.startedAtMs + SWAPS_PER_TURN * swapBand(state.estimates, null, null).mean;
}

interface Elsewhere {
  readonly sameEngine: number;
  readonly otherEngine: number;
}

/** Jobs (and a switch by hand) that wait for another lane than the visit's, and for which it may be left. */
function waitingElsewhere(state: GpuState, { lane }: Visit, nowMs: number): Elsewhere {
  let sameEngine = 0;
  let other = 0;
  const queues = mayLeave(state, nowMs) ? inCharge(state).values() : [];
  for (const queue of queues) {
    if (queue.lane.key === lane.key || !isOffered(state, queue, nowMs)) continue;
    if (queue.lane.engine === lane.engine) sameEngine += queue.size;
    else other += queue.size;
  }
  const to = state.order?.to;
  if (to !== undefined && to.key !== lane.key) {
    if (to.engine === lane.engine) sameEngine += 1;
    else other += 1;
  }
  return { sameEngine, otherEngine: other };
}

/** Who may have a place, as an arrival number, and why. */
export interface Entitled {
  readonly throughSeq: number;
  readonly reason: GrantReason;
  /** Only users who have not been served since then; null for no such condition. */
  readonly notServedSinceMs: number | null;
}

/**
 * Who may still be served in this visit. Checked in this order:
 *   1. a visit serves at least one job;
 *   2. the other engine waits: nobody once the turn's longest time is up; for the more urgent engine all comers for the usual
 *      time and after it those who had nothing of this turn yet; for the other one those who had arrived when its gate closed;
 *   3. another model waits: nobody once the visit's time is up, or once waiting has cost the others as much as the change
 *      costs; before, all comers while no image waits, otherwise those who had arrived.
 */
export function entitled(state: GpuState, visit: Visit, nowMs: number): Entitled {
  const { turn } = state;
  if (visit.served === 0) {
    const reason = visit.gate === null ? 'visit_open' : 'minimum_service';
    return { throughSeq: EVERYBODY, reason, notServedSinceMs: null };
  }
  if (turn === null || visit.gate === null) {
    return { throughSeq: EVERYBODY, reason: 'visit_open', notServedSinceMs: null };
  }
  let throughSeq = EVERYBODY;
  let notServedSinceMs: number | null = null;
  if (turn.gate !== null) {
    const lastedMs = nowMs - turn.gate.closedAtMs;
    const { usualMs, longestMs } = turnLength(state, turn.engine, nowMs);
    const isUrgent = isMoreUrgent(state, turn.engine);
    if (lastedMs >= (isUrgent ? longestMs : usualMs)) throughSeq = NOBODY;
    else if (!isUrgent) throughSeq = turn.gate.throughSeq;
    else if (lastedMs >= usualMs) notServedSinceMs = turn.startedAtMs;
  }
  if (turn.engine === 'ollama') {
    if (nowMs >= visit.gate.closedAtMs + state.settings.maxLaneVisitMs) throughSeq = NOBODY;
    else if (turn.gate !== null) throughSeq = Math.min(throughSeq, visit.gate.throughSeq);
    else if (isWorthLeaving(state, visit, nowMs)) throughSeq = NOBODY;
  }
  const reason = throughSeq === EVERYBODY && notServedSinceMs === null ? 'visit_open' : 'owed';
  return { throughSeq, reason, notServedSinceMs };
}

/**
 * Ski rental between models: staying costs those who wait for the other ones, going costs everybody the swap. When the
 * first has come to as much as the second, going is at most twice as bad as the best choice would have been.
 */
function isWorthLeaving(state: GpuState, visit: Visit, nowMs: number): boolean {
  const others = waitingElsewhere(state, visit, nowMs).sameEngine;
  if (others === 0) return false;
  const own = inCharge(state).get(visit.lane.key)?.size ?? 0;
  const swapMs = swapBand(state.estimates, visit.lane, null).mean;
  return visit.heldJobMs >= swapMs * (own + others + state.running.size);
}

/**
 * When the last of those who run is expected to end; asked for once, when nobody else is owed service, so that riders
 * cannot put it off one after the other.
 */
export function drainEndMs(state: GpuState): number {
  let endMs = 0;
  for (const { job, grantedAtMs } of state.running.values()) {
    endMs = Math.max(endMs, grantedAtMs + serviceBand(state.estimates, job).mean);
  }
  return endMs;
}
