import { laneKey, type GpuStatus, type Lane } from '@baton/contracts';

/** What is known of a node when a job is to be placed. */
export interface NodeLoad {
  readonly node: string;
  /** As its scheduler published it last; null when it never has. */
  readonly status: Pick<GpuStatus, 'phase' | 'holder' | 'swap' | 'waiting' | 'running'> | null;
  /** A scheduler leads it now. */
  readonly isLed: boolean;
  /** Lanes of jobs that this process has placed there and that have not ended: what was published may not know them. */
  readonly own: readonly string[];
}

/** A swap costs about as much as so many jobs: only a longer queue than that is worth leaving the resident model for. */
const RESIDENT_WORTH_JOBS = 4;

/**
 * The node for a job. Checked in this order:
 *   1. nodes that cannot serve now are left out, unless none can;
 *   2. the node that has the job's lane, or is about to, unless its queue is much longer than the shortest one;
 *   3. the node with the fewest jobs, and of several the one that does nothing, and of several the first.
 */
export function chooseNode(lane: Lane, loads: readonly NodeLoad[]): string | null {
  const able = loads.filter(isAble);
  const candidates = able.length > 0 ? able : loads;
  const shortest = Math.min(...candidates.map(jobsAt));
  const resident = candidates
    .filter((load) => hasLane(load, lane) && jobsAt(load) <= shortest + RESIDENT_WORTH_JOBS)
    .sort((a, b) => jobsAt(a) - jobsAt(b))[0];
  if (resident !== undefined) return resident.node;
  const free = candidates.filter((load) => jobsAt(load) === shortest);
  return (free.find(({ status }) => status?.phase === 'idle') ?? free[0])?.node ?? null;
}

export function isAble({ status, isLed }: Pick<NodeLoad, 'status' | 'isLed'>): boolean {
  return isLed && status !== null && status.phase !== 'unavailable';
}

function jobsAt({ status, own }: NodeLoad): number {
  return Math.max((status?.waiting ?? 0) + (status?.running ?? 0), own.length);
}

function hasLane({ status, own }: NodeLoad, lane: Lane): boolean {
  if (own.includes(laneKey(lane))) return true;
  const label = status?.swap === null || status === null ? status?.holder : status.swap.to;
  if (label === null || label === undefined || label.engine !== lane.engine) return false;
  return lane.engine === 'comfyui' || label.model === lane.model;
}
