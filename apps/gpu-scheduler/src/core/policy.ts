import type { LaneQueue, Engine, Lane, WaitingJob } from './lane-queue.ts';
import { orderPatienceEndMs, settleOrder } from './order-end.ts';
import { laneQueue, type Effect, type Gate, type GpuState, type SwapCause } from './state.ts';

const EVERYBODY = Number.POSITIVE_INFINITY;

/**
 * Decides what the GPU does next, after every fact. Checked in this order:
 *   1. the node is away, or a swap is under way: nothing;
 *   2. an engine did not let go: once nobody runs, the card is cleared;
 *   3. the visit has a free place and somebody who may have it: grant, until one of the two runs out;
 *   4. somebody still runs: wait for the end;
 *   5. somebody waits in another lane: swap to the lane whose turn it is;
 *   6. nobody waits, ComfyUI or nothing is resident, and that has lasted: go home.
 * Pure but for `state`, which it moves on: the same state and time give the same effects.
 */
export function decide(state: GpuState, nowMs: number): Effect[] {
  const effects = settleOrder(state);
  if (!state.node.isPresent || state.swap !== null) return effects;
  return [...effects, ...decideWith(state, nowMs)];
}

function decideWith(state: GpuState, nowMs: number): Effect[] {
  settleGates(state, nowMs);
  if (state.clearing !== null) {
    const mayClear = state.running.size === 0 && nowMs >= state.clearing.atMs;
    return mayClear ? [beginSwap(state, null, 'engine_not_quiet', nowMs)] : [];
  }
  if (state.order?.force === true) {
    return state.running.size === 0 ? [beginSwap(state, state.order.to, 'by_hand', nowMs)] : [];
  }
  const grants: Effect[] = [];
  for (let grant = grantNext(state, nowMs); grant !== null; grant = grantNext(state, nowMs))
    grants.push(grant);
  if (state.running.size > 0) return grants;
  const next = nextLane(state, nowMs);
  if (next !== null) return [beginSwap(state, next.lane, next.cause, nowMs)];
  if (state.jobs.size === 0 && isTimeToGoHome(state, nowMs) && state.home !== null) {
    return [beginSwap(state, state.home, 'return_home', nowMs)];
  }
  return [];
}

/** When `decide` could come to something new by time alone; null when only facts can change its mind. */
export function nextWakeMs(state: GpuState, nowMs: number): number | null {
  let wake = Number.POSITIVE_INFINITY;
  for (const lane of state.lanes.values()) {
    if (lane.size > 0 && lane.retryAtMs > nowMs) wake = Math.min(wake, lane.retryAtMs);
  }
  if (state.clearing !== null && state.clearing.atMs > nowMs) wake = Math.min(wake, state.clearing.atMs);
  if (!state.node.isPresent) {
    for (const job of state.jobs.values()) wake = Math.min(wake, patienceEndMs(state, job));
    wake = Math.min(wake, orderPatienceEndMs(state));
  } else if (state.swap === null && state.running.size === 0 && state.jobs.size === 0 && wantsHome(state)) {
    wake = Math.min(wake, state.idleSinceMs + state.settings.restoreAfterIdleMs);
  }
  return Number.isFinite(wake) ? wake : null;
}

/** Until when a job waits for a node that is away. */
export function patienceEndMs(state: GpuState, job: WaitingJob): number {
  return Math.max(job.submittedAtMs, state.node.sinceMs) + state.settings.awayPatienceMs;
}

/**
 * A gate is closed while, and only while, somebody else waits: the engine's gate when the other engine has a job, the
 * lane's gate when any other lane has one. Closing remembers who had arrived by then.
 */
function settleGates(state: GpuState, nowMs: number): void {
  const { visit, turn } = state;
  if (visit === null || turn === null) return;
  let othersLane = false;
  let othersEngine = false;
  for (const queue of state.lanes.values()) {
    if (!isOffered(queue, nowMs) || queue.lane.key === visit.lane.key) continue;
    othersLane = true;
    if (queue.lane.engine !== turn.engine) othersEngine = true;
  }
  if (state.order !== null && state.order.to.key !== visit.lane.key) {
    othersLane = true;
    if (state.order.to.engine !== turn.engine) othersEngine = true;
  }
  const closed: Gate = { closedAtMs: nowMs, throughSeq: state.arrivals };
  visit.gate = othersLane ? (visit.gate ?? closed) : null;
  if (othersEngine && turn.gate === null) {
    // A tour of the models begins; this one is having its visit.
    turn.visited.clear();
    turn.visited.add(visit.lane.key);
  }
  turn.gate = othersEngine ? (turn.gate ?? closed) : null;
}

function isOffered(queue: LaneQueue, nowMs: number): boolean {
  return queue.size > 0 && queue.retryAtMs <= nowMs;
}

/** The more urgent engine takes all comers until its time is up; the other one serves those who were there. */
function takesAllComers(state: GpuState, engine: Engine): boolean {
  const other: Engine = engine === 'comfyui' ? 'ollama' : 'comfyui';
  return state.settings.priority[engine] > state.settings.priority[other];
}

/**
 * Who may still be served in this visit, as an arrival number: everybody, those up to a gate, or nobody (0).
 *   1. a visit serves at least one job;
 *   2. the other engine waits: nobody once the engine's time is up; before, all comers for the more urgent engine, for
 *      the other one those who had arrived;
 *   3. another model waits: nobody once the visit's time is up; before, those who had arrived.
 */
function servedThrough(state: GpuState, nowMs: number): number {
  const { visit, turn, settings } = state;
  if (visit === null || turn === null) return 0;
  if (visit.served === 0) return EVERYBODY;
  let through = EVERYBODY;
  if (turn.gate !== null) {
    if (nowMs >= turn.gate.closedAtMs + settings.maxTurnMs[turn.engine]) return 0;
    if (!takesAllComers(state, turn.engine)) through = turn.gate.throughSeq;
  }
  if (turn.engine === 'ollama' && visit.gate !== null) {
    if (nowMs >= visit.gate.closedAtMs + settings.maxLaneVisitMs) return 0;
    if (turn.gate === null || !takesAllComers(state, turn.engine)) {
      through = Math.min(through, visit.gate.throughSeq);
    }
  }
  return through;
}

function grantNext(state: GpuState, nowMs: number): Effect | null {
  const { visit } = state;
  if (visit === null) return null;
  const slots = visit.lane.engine === 'ollama' ? state.settings.ollamaSlots : 1;
  if (state.running.size >= slots) return null;
  const queue = laneQueue(state, visit.lane);
  if (!isOffered(queue, nowMs)) return null;
  const through = servedThrough(state, nowMs);
  const job = queue.next(through, state.servedAtMs);
  if (job === null) return null;
  const reason =
    through !== EVERYBODY
      ? 'owed'
      : visit.gate !== null && visit.served === 0
        ? 'minimum_service'
        : 'visit_open';
  queue.remove(job);
  state.jobs.delete(job.id);
  state.servedAtMs.set(job.userId, nowMs);
  visit.served += 1;
  state.grants += 1;
  const leaseId = `${state.term}-${state.grants}`;
  state.running.set(leaseId, {
    leaseId,
    job,
    fence: visit.fence,
    stage: 'granting',
    grantedAtMs: nowMs,
    ending: null,
    revoke: null,
  });
  // Only the first jobs of a visit waited for the hand-over itself.
  const swapId = job.submittedAtMs <= visit.startedAtMs ? visit.swapId : null;
  return { do: 'grant', leaseId, job, fence: visit.fence, swapId, reason };
}

/** A lane that somebody waits for, with the arrival number of who waits longest. */
interface Candidate {
  readonly lane: Lane;
  readonly seq: number;
  readonly cause: SwapCause;
}

/**
 * The lane that is visited next; null when nobody waits who could be served. Checked in this order:
 *   1. Ollama's turn is ending because an image waits: models that are still owed their visit, oldest job first;
 *   2. the turn has ended because the other engine waits: the other engine;
 *   3. otherwise the most urgent engine that somebody waits for.
 * Within an engine the lane whose job arrived first. A switch by hand counts as a job of its lane.
 */
function nextLane(state: GpuState, nowMs: number): Candidate | null {
  const offered = candidates(state, nowMs);
  const { turn } = state;
  const gate = turn?.gate ?? null;
  if (turn !== null && gate !== null) {
    const { engine } = turn;
    if (engine === 'ollama' && nowMs < gate.closedAtMs + state.settings.maxTurnMs.ollama) {
      const owed = oldest(
        offered.filter(({ lane }) => lane.engine === 'ollama' && !turn.visited.has(lane.key)),
      );
      if (owed !== null && owed.seq <= gate.throughSeq) return because(owed, 'tour');
    }
    const isLeft = offered.some(({ lane }) => lane.engine === engine);
    const other = oldest(offered.filter(({ lane }) => lane.engine !== engine));
    return isLeft ? because(other, 'turn_over') : other;
  }
  const others = offered.filter(({ lane }) => lane.key !== state.visit?.lane.key);
  const urgent = Math.max(...others.map(({ lane }) => state.settings.priority[lane.engine]));
  return oldest(others.filter(({ lane }) => state.settings.priority[lane.engine] === urgent));
}

function because(candidate: Candidate | null, cause: SwapCause): Candidate | null {
  return candidate === null || candidate.cause === 'by_hand' ? candidate : { ...candidate, cause };
}

function candidates(state: GpuState, nowMs: number): Candidate[] {
  const found: Candidate[] = [];
  for (const queue of state.lanes.values()) {
    if (isOffered(queue, nowMs))
      found.push({ lane: queue.lane, seq: queue.oldestSeq(), cause: 'job_waiting' });
  }
  if (state.order !== null) found.push({ lane: state.order.to, seq: state.order.seq, cause: 'by_hand' });
  return found;
}

function oldest(found: readonly Candidate[]): Candidate | null {
  let first: Candidate | null = null;
  for (const candidate of found) if (first === null || candidate.seq < first.seq) first = candidate;
  return first;
}

function wantsHome(state: GpuState): boolean {
  return (
    state.settings.restoreHome &&
    state.home !== null &&
    !state.homeFailed &&
    state.order === null &&
    !(state.visit?.isByHand === true && state.visit.served === 0) &&
    state.visit?.lane.engine !== 'ollama'
  );
}

function isTimeToGoHome(state: GpuState, nowMs: number): boolean {
  return wantsHome(state) && nowMs >= state.idleSinceMs + state.settings.restoreAfterIdleMs;
}

/** The old visit is over from here on; the fence of the new one is used up even when the swap fails. */
function beginSwap(state: GpuState, to: Lane | null, reason: SwapCause, nowMs: number): Effect {
  const from = state.visit?.lane ?? null;
  state.fence += 1;
  state.nodeTurns += 1;
  state.visit = null;
  if (to === null || state.turn?.engine !== to.engine) state.turn = null;
  state.swap = {
    id: `swap-${state.term}-${state.fence}`,
    fence: state.fence,
    from,
    to,
    startedAtMs: nowMs,
    phase: 'drain',
    isAccepted: false,
  };
  return { do: 'startSwap', swap: state.swap, reason };
}
