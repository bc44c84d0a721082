import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeDurably } from '../durable-file.ts';

const engineRun = z.object({
  /** In the environment of the engine and of everything it starts, as `RUN_VARIABLE`. */
  runId: z.string(),
  engine: z.string(),
  /** Null between the decision to start and the start. */
  leader: z.object({ pid: z.int().positive(), startTime: z.number() }).nullable(),
});
export type EngineRun = z.infer<typeof engineRun>;

export const RUN_VARIABLE = 'BATON_ENGINE_RUN';

const file = z.object({ version: z.literal(1), runs: z.array(engineRun) });

/**
 * Which engine processes are ours, on disk, so that after a SIGKILL of this process the next one finds and ends what was
 * left. Written before a start and again after it: there is no moment in which an engine runs unrecorded.
 */
export class EngineRunsStore {
  private readonly path: string;
  private runs: readonly EngineRun[];

  constructor(path: string) {
    this.path = path;
    this.runs = read(path);
  }

  all(): readonly EngineRun[] {
    return this.runs;
  }

  /** @throws when the disk does not take it: nothing is started unrecorded */
  put(run: EngineRun): void {
    this.write([...this.runs.filter(({ runId }) => runId !== run.runId), run]);
  }

  /** A record that a full disk keeps is harmless: nothing is killed on its word alone. */
  remove(runId: string): void {
    try {
      this.write(this.runs.filter((run) => run.runId !== runId));
    } catch {
      // Gone from the list in memory, and from the file with the next one that is written.
    }
  }

  private write(runs: readonly EngineRun[]): void {
    this.runs = runs;
    writeDurably(this.path, JSON.stringify({ version: 1, runs }));
  }
}

/** A file that is not there, or is not ours to understand, counts as empty. */
function read(path: string): readonly EngineRun[] {
  try {
    return file.parse(JSON.parse(readFileSync(path, 'utf8'))).runs;
  } catch {
    return [];
  }
}
