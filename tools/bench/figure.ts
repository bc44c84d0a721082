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

/** How often something is done that takes too long to be done in many rounds. */
export interface Counts {
  /** Times the leading scheduler is killed. */
  readonly kills: number;
  readonly outagesMs: readonly number[];
  /** Of each length. */
  readonly outageRepeats: number;
  readonly swaps: number;
  /** Replies that are streamed at the same time. */
  readonly streams: number;
  readonly streamRounds: number;
  /** Replies at the same time, one size after the other, for what a token costs. */
  readonly crowds: readonly number[];
  readonly crowdRounds: number;
  /** Chats of one person, for how soon a page of them is there. */
  readonly chats: number;
  /** Jobs that wait while one is chosen and claimed: the control first. */
  readonly waiting: readonly number[];
}

export interface FigureContext {
  readonly root: string;
  readonly plan: RoundsPlan;
  readonly counts: Counts;
  readonly say: (text: string) => void;
}

/** One thing that is measured. It starts what it needs and ends it, whatever happens. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly run: (context: FigureContext) => Promise<FigureReport>;
}
