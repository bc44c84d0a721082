import type { Clock } from '@baton/kernel';
import { killRun } from './end-run.ts';
import type { EngineRunsStore } from './engine-runs.store.ts';

export interface LeftOver {
  readonly engine: string;
  readonly processes: number;
}

/**
 * Ends the engines of a process-manager that was killed: only what its record proves to be its own. Called before any
 * engine is started, since a left-over may hold the whole card.
 */
export async function endLeftOvers(runs: EngineRunsStore, clock: Clock): Promise<LeftOver[]> {
  const ended: LeftOver[] = [];
  for (const run of runs.all()) {
    const processes = await killRun(run, clock);
    runs.remove(run.runId);
    if (processes > 0) ended.push({ engine: run.engine, processes });
  }
  return ended;
}
