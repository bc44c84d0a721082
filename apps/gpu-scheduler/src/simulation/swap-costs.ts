import type { Lane } from '../core/lane-queue.ts';
import type { Random } from './random.ts';

/** What a hand-over costs; the published and assumed seconds of SCHEDULING.md 3. */
export interface SwapCosts {
  readonly freeMs: Readonly<Record<Lane['engine'], number>>;
  readonly loadMs: Readonly<Record<string, number>>;
  /** Each swap takes its cost times 1 - noise to 1 + noise. */
  readonly noise: number;
  /** This share of soft hand-overs frees nothing, and the engine is stopped and started. */
  readonly failureShare: number;
  /** Stopping an engine and starting the other one. */
  readonly hardMs: number;
  /** Every hand-over is a hard one. */
  readonly isAlwaysHard: boolean;
}

/** The cost without noise and failures. */
export function meanSwapMs(costs: SwapCosts, from: Lane | null, to: Lane | null): number {
  if (costs.isAlwaysHard && from !== null) return costs.hardMs;
  const freeMs = from === null ? 0 : costs.freeMs[from.engine];
  return freeMs + loadMs(costs, to);
}

export function drawSwapMs(costs: SwapCosts, from: Lane | null, to: Lane | null, random: Random): number {
  const noise = random.between(1 - costs.noise, 1 + costs.noise);
  const isFailure = random.next() < costs.failureShare;
  const softMs = meanSwapMs(costs, from, to) * noise;
  return isFailure && !costs.isAlwaysHard ? softMs + costs.hardMs * noise : softMs;
}

function loadMs(costs: SwapCosts, to: Lane | null): number {
  if (to === null) return 0;
  const ms = costs.loadMs[to.key];
  if (ms === undefined) throw new Error(`no load time for ${to.key}`);
  return ms;
}
