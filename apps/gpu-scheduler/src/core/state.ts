import { noEstimates, type Estimates } from './estimates.ts';
import { NO_DEMAND, noLoad, type Demand, type Load } from './load.ts';
import { LayeredMap } from './layered-map.ts';
import { LaneQueue, type Engine, type Lane, type WaitingJob } from './lane-queue.ts';

export interface Settings {
  /** Larger is more urgent: that engine gets the next turn when both have somebody waiting. */
  readonly priority: Readonly<Record<Engine, number>>;
  /** Leases that may share an Ollama visit. ComfyUI never shares. */
  readonly ollamaSlots: number;
  /** How long an engine goes on taking jobs once another engine's job waits. */
  readonly maxTurnMs: Readonly<Record<Engine, number>>;
  /** The same between the models of Ollama. */
  readonly maxLaneVisitMs: number;
  /** Under load turns may grow up to this many times the length above, so that less time goes into swaps. */
  readonly maxTurnGrowth: number;
  /** Who has been passed over this long is served first, whatever they have had. */
  readonly agedAfterMs: Readonly<Record<Engine, number>>;
  /** Background work that has waited this long counts as somebody's who waits for it, one job of a lane at a time. */
  readonly backgroundAgedMs: number;
  /** GPU time that was used counts half after this time. */
  readonly fairnessHalfLifeMs: number;
  readonly restoreHome: boolean;
  /** Nobody waits and nobody works for this long: then the GPU goes home. */
  readonly restoreAfterIdleMs: number;
  /** Nobody has asked for this long, and another model is asked for more often: then that one is loaded. */
  readonly prefetchAfterIdleMs: number;
  /** First pause after a failed swap; doubles with each further one, up to `maxRetryPauseMs`. */
  readonly retryPauseMs: number;
  readonly maxRetryPauseMs: number;
  /** Failed swaps in a row after which those who wait for the lane are told. */
  readonly maxSwapFailures: number;
  /** How long jobs wait for a node that is not there. */
  readonly awayPatienceMs: number;
  /** Jobs that may wait, all together; 0 is no limit. */
  readonly maxWaiting: number;
  /** Jobs of one user that may wait; 0 is no limit. */
  readonly maxWaitingPerUser: number;
  /** Leases that one user may hold in a shared visit; 0 is no limit. */
  readonly maxRunningPerUser: number;
  /** A job that would have to wait longer is not let in; 0 is no limit. */
  readonly maxExpectedWaitMs: number;
}

export type Outcome = 'completed' | 'failed' | 'cancelled';
export type RevokeReason = 'expired' | 'cancelled' | 'engine_lost' | 'visit_over' | 'node_lost';
export type SwapPhase = 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';

/** How a job ends; `code` is an error code for `failed`. */
export interface Ending {
  readonly outcome: Outcome;
  readonly code: string | null;
}

export interface Running {
  readonly leaseId: string;
  readonly job: WaitingJob;
  readonly fence: number;
  /**
   * `granting`: the grant is being carried out. `live`: held. `closing`: the door is being shut; the place counts as
   * taken until the guard has answered.
   */
  stage: 'granting' | 'live' | 'closing';
  grantedAtMs: number;
  /** Set while closing; for a lease that is still being granted, what is to happen as soon as it is. */
  ending: Ending | null;
  /** What the holder is told with it; null when the holder gave the lease back by itself. */
  revoke: RevokeReason | null;
  /** What the user's account was charged with at the grant: expected time, and what a ms weighed then. */
  readonly charge: { readonly ms: number; readonly weight: number };
}

/** The time that one lane owns the GPU. */
export interface Visit {
  readonly lane: Lane;
  readonly fence: number;
  readonly startedAtMs: number;
  /** The hand-over that began it; null for a visit that was found at a change of leader. */
  readonly swapId: string | null;
  /** It was asked for by hand: the GPU stays where it was put until somebody needs it elsewhere. */
  readonly isByHand: boolean;
  /** Jobs granted in it. */
  served: number;
  gate: Gate | null;
  /** What the waiting for other models has come to since the lane's gate closed: jobs times ms. */
  heldJobMs: number;
  heldUntilMs: number;
  /** Set when nobody else is owed service: who fits in before this may ride along. */
  drainedAtMs: number | null;
}

/** The visits of one engine in a row. For ComfyUI that is one visit; Ollama tours its models. */
export interface Turn {
  readonly engine: Engine;
  readonly visited: Set<string>;
  gate: Gate | null;
  readonly startedAtMs: number;
  /** Who has waited since before the turn is owed service in it. */
  readonly startedAtSeq: number;
}

/** Closed because somebody else waits: from then on only those who had arrived are owed service. */
export interface Gate {
  readonly closedAtMs: number;
  readonly throughSeq: number;
}

export type SwapCause =
  'job_waiting' | 'turn_over' | 'tour' | 'worth_it' | 'return_home' | 'engine_not_quiet' | 'by_hand';

export type GrantReason = 'visit_open' | 'minimum_service' | 'owed' | 'rides_along' | 'aged';

/**
 * A switch by hand. It waits its turn like a job of that lane; with `force` the leases of the visit that is under way are
 * taken back and nobody else is let in before it.
 */
export interface Order {
  readonly id: string;
  readonly to: Lane;
  readonly force: boolean;
}

export interface PlacedOrder extends Order {
  /** Its place among the arrivals. */
  readonly seq: number;
  readonly placedAtMs: number;
}

export interface Swap {
  readonly id: string;
  readonly fence: number;
  readonly from: Lane | null;
  readonly to: Lane | null;
  /** Null for one that a former leader began. */
  readonly cause: SwapCause | null;
  readonly startedAtMs: number;
  phase: SwapPhase;
  /** The node has confirmed that it knows of this swap. */
  isAccepted: boolean;
  /** Reports in a row in which a node that is not busy did not know of it although it had confirmed it. */
  missedReports: number;
}

export interface GpuState {
  readonly settings: Settings;
  /** Names of leases and swaps begin with it, so that no two terms ever use the same one. */
  readonly term: string;
  /** Highest fence ever used. */
  fence: number;
  arrivals: number;
  grants: number;
  /** Whether the process-manager answers; `since` is when that changed. */
  node: { isPresent: boolean; sinceMs: number; bootId: string | null };
  /** Grows with each step of a swap: a report of the node that was asked for before is out of date. */
  nodeTurns: number;
  visit: Visit | null;
  turn: Turn | null;
  swap: Swap | null;
  /** An engine did not let go in time: the card is cleared, not before `atMs`, until then nobody else is let in. */
  clearing: { readonly atMs: number; readonly failures: number } | null;
  /** The Ollama lane that was resident last. */
  home: Lane | null;
  /** Going home failed, or home was taken off the card by hand: not again before the next real visit. */
  homeFailed: boolean;
  idleSinceMs: number;
  /** The switch by hand that is not carried out yet. */
  order: PlacedOrder | null;
  /** The last switch by hand that was heard of: an order may be told twice. */
  lastOrderId: string | null;
  /** Jobs that somebody waits for. */
  readonly lanes: Map<string, LaneQueue>;
  /** Those that go when nobody waits. */
  readonly background: Map<string, LaneQueue>;
  /** Those that take what is left over. */
  readonly chores: Map<string, LaneQueue>;
  /** The background job of a lane that has aged, by the lane's key. */
  readonly aged: Map<string, string>;
  /** Nobody waits but background work: the policy serves that. */
  isBackgroundsTurn: boolean;
  /** When a job that somebody waits for last came or ended. */
  calmSinceMs: number;
  /** All who wait. */
  readonly jobs: LayeredMap<string, WaitingJob>;
  readonly running: Map<string, Running>;
  /** GPU time that users have had, fading; what `fairness.ts` keeps. */
  readonly accounts: LayeredMap<number, Account>;
  fairSinceMs: number;
  sweptAtMs: number;
  load: Load;
  demand: Demand;
  estimates: Estimates;
  /** The first forecast of each waiting job, to learn from when it is granted. */
  readonly promises: Map<string, Promised>;
  /** A copy that runs ahead learns nothing: what it sees are its own expectations. */
  readonly isThinkingAhead: boolean;
}

export interface Account {
  readonly virtual: number;
  readonly changedAtMs: number;
}

export interface Promised {
  readonly grantAtMs: number;
  readonly spreadMs: number;
}

export interface Beginning {
  readonly settings: Settings;
  readonly term: string;
  readonly fence: number;
  readonly nowMs: number;
  readonly estimates?: Estimates;
}

/** A leader's state before it has looked around: nobody waits, nobody runs, the node is not known yet. */
export function createState({ settings, term, fence, nowMs, estimates }: Beginning): GpuState {
  return {
    settings,
    term,
    fence,
    arrivals: 0,
    grants: 0,
    node: { isPresent: false, sinceMs: nowMs, bootId: null },
    nodeTurns: 0,
    visit: null,
    turn: null,
    swap: null,
    clearing: null,
    home: null,
    homeFailed: false,
    idleSinceMs: nowMs,
    order: null,
    lastOrderId: null,
    lanes: new Map(),
    background: new Map(),
    chores: new Map(),
    aged: new Map(),
    isBackgroundsTurn: false,
    calmSinceMs: nowMs,
    jobs: new LayeredMap(),
    running: new Map(),
    accounts: new LayeredMap(),
    fairSinceMs: nowMs,
    sweptAtMs: nowMs,
    load: noLoad(nowMs),
    demand: NO_DEMAND,
    estimates: estimates ?? noEstimates(),
    promises: new Map(),
    isThinkingAhead: false,
  };
}

/**
 * A copy to think ahead with: what happens to it does not touch the original. It costs the lanes and the leases, not the
 * jobs, and is good until the original changes.
 */
export function copyState(state: GpuState): GpuState {
  return {
    ...state,
    node: { ...state.node },
    visit: state.visit === null ? null : { ...state.visit },
    turn: state.turn === null ? null : { ...state.turn, visited: new Set(state.turn.visited) },
    swap: state.swap === null ? null : { ...state.swap },
    lanes: copyQueues(state.lanes),
    background: copyQueues(state.background),
    chores: copyQueues(state.chores),
    aged: new Map(state.aged),
    jobs: new LayeredMap(state.jobs),
    running: new Map([...state.running].map(([id, running]) => [id, { ...running }])),
    accounts: new LayeredMap(state.accounts),
    promises: new Map(),
    isThinkingAhead: true,
  };
}

function copyQueues(queues: ReadonlyMap<string, LaneQueue>): Map<string, LaneQueue> {
  return new Map([...queues].map(([key, lane]) => [key, lane.copy()]));
}

export function laneQueue(queues: Map<string, LaneQueue>, lane: Lane): LaneQueue {
  let queue = queues.get(lane.key);
  if (queue === undefined) {
    queue = new LaneQueue(lane);
    queues.set(lane.key, queue);
  }
  return queue;
}

/** Where a job waits. */
export function queuesFor(state: GpuState, { urgency, isAged }: WaitingJob): Map<string, LaneQueue> {
  if (urgency === undefined || isAged === true) return state.lanes;
  return urgency === 'background' ? state.background : state.chores;
}

/** Everywhere that jobs wait; those that somebody waits for come first. */
export function* allQueues(state: GpuState): Generator<LaneQueue, void, undefined> {
  yield* state.lanes.values();
  yield* state.background.values();
  yield* state.chores.values();
}

/** Takes a waiting job out. A lane without jobs and without a history of failures is forgotten. */
export function takeOut(state: GpuState, job: WaitingJob): void {
  state.jobs.delete(job.id);
  state.promises.delete(job.id);
  const queues = queuesFor(state, job);
  const queue = queues.get(job.lane.key);
  if (queue === undefined) return;
  queue.remove(job);
  forgetIfEmpty(queues, queue);
}

/** What had failed before is over: the next failure is the first one again. */
export function laneWorks(state: GpuState, lane: Lane): void {
  const queue = state.lanes.get(lane.key);
  if (queue === undefined) return;
  queue.failures = 0;
  forgetIfEmpty(state.lanes, queue);
}

function forgetIfEmpty(queues: Map<string, LaneQueue>, queue: LaneQueue): void {
  if (queue.size === 0 && queue.failures === 0) queues.delete(queue.lane.key);
}

/** The sum over all lanes that somebody waits for. */
export function totalOf(state: GpuState, figure: (queue: LaneQueue) => number): number {
  let sum = 0;
  for (const queue of state.lanes.values()) sum += figure(queue);
  return sum;
}

/** What the loop has to do; each is answered by a fact. */
export type Effect =
  /** Claim the job, let the lease through the guard, store and publish it. Answer: `onGranted` or `onGrantFailed`. */
  | {
      readonly do: 'grant';
      readonly leaseId: string;
      readonly job: WaitingJob;
      readonly fence: number;
      readonly swapId: string | null;
      readonly reason: GrantReason;
    }
  /** Answer: `onSwapAccepted`, then `onSwapEnded`. */
  | { readonly do: 'startSwap'; readonly swap: Swap; readonly reason: SwapCause }
  /** Shut the guard's door for the lease, however long that takes. Answer: `onDoorShut`. */
  | {
      readonly do: 'close';
      readonly leaseId: string;
      readonly jobId: string;
      readonly revoke: RevokeReason | null;
    }
  /** The door is shut: end the job and forget the lease. */
  | { readonly do: 'finish'; readonly leaseId: string; readonly job: WaitingJob; readonly ending: Ending }
  /** End a waiting job. */
  | {
      readonly do: 'end';
      readonly job: WaitingJob;
      readonly ending: Ending;
      /** For a job that was not let in: how long it would have had to wait. */
      readonly expectedWaitMs?: number;
    }
  /** A switch by hand has come to its end; `code` is an error code for `failed`. */
  | {
      readonly do: 'orderDone';
      readonly orderId: string;
      readonly outcome: 'done' | 'failed' | 'superseded';
      readonly code: string | null;
    };
