import type { Engine, Lane } from './lane-queue.ts';

/**
 * How much work comes in, as a share of the GPU's time. Fading, so that an hour of quiet is noticed: turns grow with it
 * (`visits.ts`), because time that goes into swaps is lost to everybody when there is none to spare.
 */
export interface Load {
  readonly workMs: Readonly<Record<Engine, number>>;
  readonly atMs: number;
}

/** Long enough to see through one burst, short enough for the evening's rush. */
const LOAD_WINDOW_MS = 900_000;

export function noLoad(nowMs: number): Load {
  return { workMs: { ollama: 0, comfyui: 0 }, atMs: nowMs };
}

export function withWork(load: Load, engine: Engine, workMs: number, nowMs: number): Load {
  const faded = fadedTo(load, nowMs);
  return { atMs: faded.atMs, workMs: { ...faded.workMs, [engine]: faded.workMs[engine] + workMs } };
}

function fadedTo(load: Load, nowMs: number): Load {
  const share = Math.exp(-Math.max(0, nowMs - load.atMs) / LOAD_WINDOW_MS);
  const { ollama, comfyui } = load.workMs;
  return {
    atMs: Math.max(load.atMs, nowMs),
    workMs: { ollama: ollama * share, comfyui: comfyui * share },
  };
}

/** 1 is as much work as there is time, without any swap. */
export function loadOf(load: Load, nowMs: number): Record<Engine, number> {
  const { ollama, comfyui } = fadedTo(load, nowMs).workMs;
  return { ollama: ollama / LOAD_WINDOW_MS, comfyui: comfyui / LOAD_WINDOW_MS };
}

/** Which models people ask for: shares of the last requests, the newest counting most. */
export type Demand = readonly { readonly lane: Lane; readonly share: number }[];

export const NO_DEMAND: Demand = [];
/** About the last dozen chats: one person who has changed the model is at home in the new one soon. */
const NEWEST_WEIGHT = 0.08;
const LANES_KEPT = 16;

export function withRequest(demand: Demand, lane: Lane): Demand {
  const others = demand
    .filter((one) => one.lane.key !== lane.key)
    .map((one) => ({ lane: one.lane, share: one.share * (1 - NEWEST_WEIGHT) }));
  const share = shareOf(demand, lane) * (1 - NEWEST_WEIGHT) + NEWEST_WEIGHT;
  return [{ lane, share }, ...others].toSorted((one, other) => other.share - one.share).slice(0, LANES_KEPT);
}

export function shareOf(demand: Demand, lane: Lane | null): number {
  return demand.find((one) => one.lane.key === lane?.key)?.share ?? 0;
}
