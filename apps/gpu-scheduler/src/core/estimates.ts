import type { Engine, Lane } from './lane-queue.ts';

/** A running mean with its variance; old values fade, so that a changed disk or model is learned within a day. */
export interface Band {
  readonly mean: number;
  readonly variance: number;
  readonly count: number;
}

const FADE = 0.1;

export function learn(band: Band, value: number): Band {
  const weight = Math.max(FADE, 1 / (band.count + 1));
  const off = value - band.mean;
  return {
    mean: band.mean + weight * off,
    variance: (1 - weight) * (band.variance + weight * off * off),
    count: band.count + 1,
  };
}

export interface Estimates {
  /** Real time of work over the submitter's guess, per engine. */
  readonly serviceRatio: Readonly<Record<Engine, Band>>;
  /** Time of a swap in ms by `from engine > to lane`. */
  readonly swapMs: Readonly<Record<string, Band>>;
}

/** Before anything was measured: a swap of about 7 s, give or take 4; guesses that are right within 40 %. */
const UNKNOWN_SWAP: Band = { mean: 7_000, variance: 4_000 ** 2, count: 0 };
const UNKNOWN_RATIO: Band = { mean: 1, variance: 0.4 ** 2, count: 0 };

export function noEstimates(): Estimates {
  return { serviceRatio: { ollama: UNKNOWN_RATIO, comfyui: UNKNOWN_RATIO }, swapMs: {} };
}

function swapKey(from: Lane | null, to: Lane | null): string {
  return `${from?.engine ?? 'nothing'} > ${to?.key ?? 'nothing'}`;
}

export function swapBand(estimates: Estimates, from: Lane | null, to: Lane | null): Band {
  return estimates.swapMs[swapKey(from, to)] ?? UNKNOWN_SWAP;
}

export function learnSwap(
  estimates: Estimates,
  swap: { readonly from: Lane | null; readonly to: Lane | null; readonly ms: number },
): Estimates {
  const band = learn(swapBand(estimates, swap.from, swap.to), swap.ms);
  return { ...estimates, swapMs: { ...estimates.swapMs, [swapKey(swap.from, swap.to)]: band } };
}

export function learnService(
  estimates: Estimates,
  service: { readonly engine: Engine; readonly estimateMs: number; readonly ms: number },
): Estimates {
  const band = learn(estimates.serviceRatio[service.engine], service.ms / service.estimateMs);
  return { ...estimates, serviceRatio: { ...estimates.serviceRatio, [service.engine]: band } };
}

/** Time on the GPU that a job is expected to take, in ms. */
export function serviceBand(estimates: Estimates, engine: Engine, estimateMs: number): Band {
  const ratio = estimates.serviceRatio[engine];
  return { mean: ratio.mean * estimateMs, variance: ratio.variance * estimateMs ** 2, count: ratio.count };
}
