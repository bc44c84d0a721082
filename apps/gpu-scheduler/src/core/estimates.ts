import type { Engine, Lane, WaitingJob } from './lane-queue.ts';
import { addSample, isWindow, quantile, typical, type Window } from './window.ts';

/**
 * What has been learned about times. Plain data: it can be stored as JSON and handed to the next term. Nothing here is
 * changed in place.
 */
export interface Estimates {
  readonly version: 1;
  /** Real time over the submitter's guess, by lane and kind of work, and by engine for what is new. */
  readonly ratios: Readonly<Record<string, Window>>;
  /** Real time per unit of work, where jobs say how much work they are. */
  readonly unitMs: Readonly<Record<string, Window>>;
  /** Time of a swap in ms by `from engine > to lane`. */
  readonly swapMs: Readonly<Record<string, Window>>;
  /**
   * How far off the promised waits were, by engine: 0 is the promised middle, 1 the promised late end. Others who arrive
   * meanwhile are not in a forecast; that is how much they cost.
   */
  readonly promises: Readonly<Record<string, Window>>;
}

/** A time that is not known exactly. */
export interface Band {
  readonly mean: number;
  readonly variance: number;
}

/** Before anything was measured: a swap of about 7 s, give or take 4; guesses that are right within 40 %. */
const UNKNOWN_SWAP: Band = { mean: 7_000, variance: 4_000 ** 2 };
const UNKNOWN_RATIO: Band = { mean: 1, variance: 0.4 ** 2 };
/** Models come and go; what was learned about the ones that are not used any more is dropped. */
const KEYS_KEPT = 64;
/** Fewer measured values than this are mixed with what is known of the engine as a whole. */
const ENOUGH = 4;
/** From so many on the assumption that guesses are right counts for nothing. */
const TRUSTED = 12;

export function noEstimates(): Estimates {
  return { version: 1, ratios: {}, unitMs: {}, swapMs: {}, promises: {} };
}

/** Reads what was stored; anything that does not look like it is as good as nothing. */
export function estimatesFrom(stored: unknown): Estimates {
  if (typeof stored !== 'object' || stored === null) return noEstimates();
  const tables = new Map(Object.entries(stored));
  if (tables.get('version') !== 1) return noEstimates();
  const table = (name: string): Record<string, Window> => windowsOf(tables.get(name));
  return {
    version: 1,
    ratios: table('ratios'),
    unitMs: table('unitMs'),
    swapMs: table('swapMs'),
    promises: table('promises'),
  };
}

function windowsOf(table: unknown): Record<string, Window> {
  const windows: Record<string, Window> = {};
  if (typeof table !== 'object' || table === null) return windows;
  for (const [key, value] of Object.entries(table)) {
    const window: unknown = value;
    if (isWindow(window)) windows[key] = window;
  }
  return windows;
}

type Table = Readonly<Record<string, Window>>;

/** The key that was used last is the last in the table; the first ones are forgotten. */
function learned(table: Table, key: string, value: number): Table {
  const kept = Object.entries(table).filter(([other]) => other !== key);
  const first = Math.max(0, kept.length + 1 - KEYS_KEPT);
  return Object.fromEntries([...kept.slice(first), [key, addSample(table[key], value)]]);
}

function swapKey(from: Lane | null, to: Lane | null): string {
  return `${from?.engine ?? 'nothing'} > ${to?.key ?? 'nothing'}`;
}

export function swapBand(estimates: Estimates, from: Lane | null, to: Lane | null): Band {
  return (
    typical(estimates.swapMs[swapKey(from, to)]) ??
    typical(estimates.swapMs[anySwapKey(to)]) ??
    typical(estimates.swapMs['any']) ??
    UNKNOWN_SWAP
  );
}

function anySwapKey(to: Lane | null): string {
  return `any > ${to?.engine ?? 'nothing'}`;
}

export function learnSwap(
  estimates: Estimates,
  swap: { readonly from: Lane | null; readonly to: Lane | null; readonly ms: number },
): Estimates {
  let swapMs = learned(estimates.swapMs, swapKey(swap.from, swap.to), swap.ms);
  swapMs = learned(swapMs, anySwapKey(swap.to), swap.ms);
  swapMs = learned(swapMs, 'any', swap.ms);
  return { ...estimates, swapMs };
}

type Work = Pick<WaitingJob, 'lane' | 'kind' | 'estimateMs' | 'workUnits'>;

function workKey(job: Work): string {
  return `${job.lane.key} ${job.kind ?? 'work'}`;
}

export function learnService(estimates: Estimates, job: Work, ms: number): Estimates {
  const ratio = ms / Math.max(1, job.estimateMs);
  let ratios = learned(estimates.ratios, workKey(job), ratio);
  ratios = learned(ratios, job.lane.engine, ratio);
  if (job.workUnits === undefined) return { ...estimates, ratios };
  return { ...estimates, ratios, unitMs: learned(estimates.unitMs, workKey(job), ms / job.workUnits) };
}

/** Time on the GPU that a job is expected to take, in ms: from the amount of work, the kind of work, or the guess. */
export function serviceBand(estimates: Estimates, job: Work): Band {
  const perUnit = estimates.unitMs[workKey(job)];
  if (job.workUnits !== undefined && perUnit !== undefined && perUnit.values.length >= ENOUGH) {
    return scaled(typical(perUnit) ?? UNKNOWN_RATIO, job.workUnits);
  }
  const own = estimates.ratios[workKey(job)];
  const isKnown = own !== undefined && own.values.length >= ENOUGH;
  return scaled(ratioBand(isKnown ? own : estimates.ratios[job.lane.engine]), job.estimateMs);
}

/** The first few measured values only move the assumption that the guesses are right. */
function ratioBand(window: Window | undefined): Band {
  const measured = typical(window);
  if (window === undefined || measured === null) return UNKNOWN_RATIO;
  const trust = Math.min(1, window.values.length / TRUSTED);
  const mix = (known: number, assumed: number): number => trust * known + (1 - trust) * assumed;
  return {
    mean: mix(measured.mean, UNKNOWN_RATIO.mean),
    variance: mix(measured.variance, UNKNOWN_RATIO.variance),
  };
}

function scaled({ mean, variance }: Band, by: number): Band {
  return { mean: mean * by, variance: variance * by * by };
}

/** The mean of the learned ratio of an engine: what its submitters' guesses are worth. */
export function guessWorth(estimates: Estimates, engine: Engine): number {
  return ratioBand(estimates.ratios[engine]).mean;
}

export function learnPromise(estimates: Estimates, engine: Engine, off: number): Estimates {
  return { ...estimates, promises: learned(estimates.promises, engine, off) };
}

/** Of what was measured last; a little more than 90 %, because the load may be growing while it is measured. */
const LATE = 0.94;
/** Promised waits that came out before there is anything to learn from: as many as a normal distribution has it. */
const PRIOR_OFF = [-1.3, -1, -0.66, -0.41, -0.2, 0, 0.2, 0.41, 0.66, 1, 1.3];

/** By how much the promised middle and the promised late end have to be moved, in units of their distance. */
export function promiseCorrection(estimates: Estimates, engine: Engine): { middle: number; late: number } {
  const values = estimates.promises[engine]?.values ?? [];
  // The fewer were measured, the more the prior counts.
  const all = values.length >= 40 ? values : [...values, ...PRIOR_OFF];
  return { middle: quantile(all, 0.5), late: quantile(all, LATE) };
}
