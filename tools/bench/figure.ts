import type { RoundsPlan } from './rounds.ts';

/** A goal and whether this run met it; null when the run does not count. */
export interface Verdict {
  readonly goal: string;
  readonly measured: string;
  readonly holds: boolean | null;
}

export interface FigureReport {
  /** First row is the heading. */
  readonly table: readonly (readonly string[])[];
  readonly verdicts: readonly Verdict[];
  /** What a reader of the table has to know; why the run is void, for one. */
  readonly notes: readonly string[];
  /** Everything measured, for the JSON file. */
  readonly data: unknown;
}

export interface FigureContext {
  readonly root: string;
  readonly plan: RoundsPlan;
  readonly say: (text: string) => void;
}

/** One thing that is measured. It starts what it needs and ends it, whatever happens. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly run: (context: FigureContext) => Promise<FigureReport>;
}
