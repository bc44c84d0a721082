import { cellName } from './cells.ts';
import type { Cell } from './cells.ts';

export interface RunResult {
  readonly cell: Cell;
  readonly seed: number;
  /** False when no job came into the state, and nothing was broken. */
  readonly reached: boolean;
  /** What was done, in words. */
  readonly what: string;
  readonly overlaps: number;
  readonly lost: readonly string[];
  readonly doubles: readonly string[];
  /** From the end of the fault until a question that was asked then was answered; null: never. */
  readonly recoveryMs: number | null;
  /** How many messages ended how; failures by their code. */
  readonly endings: Readonly<Record<string, number>>;
}

/** Nothing wrong was seen. */
export function isClean({ overlaps, lost, doubles, recoveryMs }: RunResult): boolean {
  return overlaps === 0 && lost.length === 0 && doubles.length === 0 && recoveryMs !== null;
}

/** One line to see the run again. */
export function repeatCommand({ cell, seed }: Pick<RunResult, 'cell' | 'seed'>): string {
  return `npm run campaign -- --only '${cellName(cell)}' --runs 1 --seed ${seed}`;
}
