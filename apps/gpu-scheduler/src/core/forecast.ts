import { promiseCorrection, serviceBand, swapBand, type Band } from './estimates.ts';
import { onDoorShut, onGranted, onReleased, onSwapEnded, onTick } from './facts.ts';
import type { Engine, WaitingJob } from './lane-queue.ts';
import { loadOf } from './load.ts';
import { nextWakeMs } from './policy.ts';
import { copyState, type Effect, type GpuState, type Promised } from './state.ts';
import { otherEngine, slotsOf, turnLength } from './visits.ts';

/** When a waiting job is expected to be granted, in ms from now. */
export interface Expectation {
  /** Place in the order of grants; 1 is next. */
  readonly position: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
}

/** Nobody is served by knowing place 301; it keeps thinking ahead cheap under a flood. */
const MAX_GRANTS = 300;
const MAX_STEPS = 2_000;
/** No wait is known better than that. */
const MIN_SPREAD_MS = 500;
/** Part of a wait by which the model itself may be wrong. */
const MODEL_ERROR = 0.15;
/** With less than this of the other engine's work there is not one of its jobs in each turn. */
const SEEN_LOAD = 0.02;
/** One-sided 90 % of a normal distribution. */
const Z90 = 1.2816;

interface Coming {
  readonly atMs: number;
  readonly variance: number;
  readonly happen: (state: GpuState, nowMs: number) => Effect[];
}

/**
 * Runs the same policy forward on expected times, without arrivals, and notes who is granted when. Jobs that are not in
 * the answer are too far back to say, or cannot be served as things stand. What arrivals and wrong guesses have cost others
 * is added afterwards, from how earlier first forecasts came out. Nothing of `now` changes but the note of a job's first
 * forecast, which no decision reads.
 */
export function forecast(now: GpuState, nowMs: number): ReadonlyMap<string, Expectation> {
  const expected = new Map<string, Expectation>();
  if (!now.node.isPresent || now.jobs.size === 0) return expected;
  const state = copyState(now);
  const coming: Coming[] = underWay(state, nowMs);
  let timeMs = nowMs;
  let variance = 0;
  const corrections = {
    ollama: promiseCorrection(now.estimates, 'ollama'),
    comfyui: promiseCorrection(now.estimates, 'comfyui'),
  };
  const comersMs = {
    ollama: delayByComers(now, 'ollama', nowMs),
    comfyui: delayByComers(now, 'comfyui', nowMs),
  };
  const perform = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (effect.do === 'grant') {
        const { engine } = effect.job.lane;
        const wait = timeMs - nowMs + comersMs[engine](timeMs - nowMs);
        const spreadMs = Math.max(MIN_SPREAD_MS, Math.hypot(Z90 * Math.sqrt(variance), MODEL_ERROR * wait));
        remember(now, effect.job, { grantAtMs: nowMs + wait, spreadMs });
        const { middle, late } = corrections[engine];
        const p50Ms = Math.max(0, Math.round(wait + middle * spreadMs));
        const p90Ms = Math.max(p50Ms, Math.round(wait + late * spreadMs));
        expected.set(effect.job.id, { position: expected.size + 1, p50Ms, p90Ms });
        perform(onGranted(state, effect.leaseId, state.node.bootId ?? '', timeMs));
        coming.push(endOfWork(state, effect.leaseId, timeMs));
      } else if (effect.do === 'close') {
        perform(onDoorShut(state, effect.leaseId, true, timeMs));
      } else if (effect.do === 'startSwap') {
        coming.push(endOfSwap(state, timeMs));
      }
    }
  };
  perform(onTick(state, timeMs));
  for (let step = 0; step < MAX_STEPS && state.jobs.size > 0 && expected.size < MAX_GRANTS; step += 1) {
    const next = takeSoonest(coming);
    const wakeMs = nextWakeMs(state, timeMs);
    if (wakeMs !== null && (next === null || wakeMs < next.atMs)) {
      if (next !== null) coming.push(next);
      timeMs = Math.max(timeMs, wakeMs);
      perform(onTick(state, timeMs));
      continue;
    }
    if (next === null) break;
    timeMs = Math.max(timeMs, next.atMs);
    variance += next.variance;
    perform(next.happen(state, timeMs));
  }
  return expected;
}

/**
 * Those who will come for the other engine are not waiting yet. Whoever waits longer than a turn will see them have theirs:
 * their share of the time, and two swaps for each turn.
 */
function delayByComers(state: GpuState, engine: Engine, nowMs: number): (waitMs: number) => number {
  const other = otherEngine(engine);
  const load = loadOf(state.load, nowMs)[other] / slotsOf(state, other);
  const turnMs = Math.max(1, turnLength(state, engine, nowMs).usualMs);
  const swapMs = swapBand(state.estimates, null, null).mean;
  const share = load > SEEN_LOAD ? load + (2 * swapMs) / (turnMs + swapMs) : load;
  return (waitMs) => Math.max(0, waitMs - turnMs) * Math.min(1, share);
}

/** Only the first forecast of a job is held against us: later ones are easier, and were asked for when it was nearly over. */
function remember(state: GpuState, { id, urgency }: WaitingJob, promised: Promised): void {
  // Work that gives way is held up by everybody who comes: what that teaches is not true of the others.
  if (urgency === undefined && !state.promises.has(id)) state.promises.set(id, promised);
}

function underWay(state: GpuState, nowMs: number): Coming[] {
  const coming: Coming[] = [];
  for (const running of state.running.values()) {
    if (running.stage === 'granting') running.stage = 'live';
    coming.push(endOfWork(state, running.leaseId, nowMs));
  }
  if (state.swap !== null) coming.push(endOfSwap(state, nowMs));
  return coming;
}

function endOfWork(state: GpuState, leaseId: string, nowMs: number): Coming {
  const running = state.running.get(leaseId);
  if (running === undefined) return { atMs: nowMs, variance: 0, happen: () => [] };
  const band = serviceBand(state.estimates, running.job);
  const isClosing = running.stage === 'closing';
  return {
    ...remaining(band, isClosing ? nowMs - band.mean : running.grantedAtMs, nowMs),
    happen: (then, atMs) =>
      isClosing ? onDoorShut(then, leaseId, true, atMs) : onReleased(then, leaseId, 'completed'),
  };
}

function endOfSwap(state: GpuState, nowMs: number): Coming {
  const { swap } = state;
  if (swap === null) return { atMs: nowMs, variance: 0, happen: () => [] };
  return {
    ...remaining(swapBand(state.estimates, swap.from, swap.to), swap.startedAtMs, nowMs),
    happen: (then, atMs) => onSwapEnded(then, { swapId: swap.id, isDone: true, tookMs: null }, atMs),
  };
}

/** What should be over already is expected to take a tenth of its usual time more. */
function remaining(band: Band, startedAtMs: number, nowMs: number): { atMs: number; variance: number } {
  const leftMs = startedAtMs + band.mean - nowMs;
  const overdueMs = Math.max(50, band.mean / 10);
  return { atMs: nowMs + (leftMs > 0 ? leftMs : overdueMs), variance: band.variance };
}

function takeSoonest(coming: Coming[]): Coming | null {
  let best = -1;
  for (let at = 0; at < coming.length; at += 1) {
    const one = coming[at];
    const first = coming[best];
    if (one !== undefined && (first === undefined || one.atMs < first.atMs)) best = at;
  }
  return best < 0 ? null : (coming.splice(best, 1)[0] ?? null);
}
