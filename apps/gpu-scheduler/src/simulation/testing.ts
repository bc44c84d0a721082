import type { Lane } from '../core/lane-queue.ts';
import type { SimJob } from './job.ts';
import type { World } from './run.ts';
import type { SwapCosts } from './swap-costs.ts';
import { CHAT_LANES, IMAGE_LANE } from './workload.ts';

/** What the specs of the simulation have in common. */

export const IMAGES = IMAGE_LANE;
export const [SMALL = IMAGES, LARGE = IMAGES]: readonly Lane[] = CHAT_LANES;

/** Seconds without noise: to images 1 + 6, to the small model 1 + 4, to the large one 1 + 10. */
export const COSTS: SwapCosts = {
  freeMs: { comfyui: 1_000, ollama: 1_000 },
  loadMs: { [IMAGES.key]: 6_000, [SMALL.key]: 4_000, [LARGE.key]: 10_000 },
  noise: 0,
  failureShare: 0,
  hardMs: 25_000,
  isAlwaysHard: false,
};

export function job(id: string, lane: Lane, arrivalS: number, serviceS: number, userId = 1): SimJob {
  const serviceMs = serviceS * 1_000;
  return { id, lane, userId, arrivalMs: arrivalS * 1_000, serviceMs, estimateMs: serviceMs, workUnits: null };
}

/** The small model is resident and one job runs at a time. */
export function world(arrivals: readonly SimJob[], over: Partial<World> = {}): World {
  const usual = { costs: COSTS, slots: 1, alpha: 0, resident: SMALL, horizonMs: 600_000 };
  return { arrivals, afterEnd: () => [], ...usual, ...over };
}
