import { estimatesFrom, type Estimates } from './estimates.ts';
import { apply, type Fact } from './fact.ts';
import { createState, type Effect, type GpuState, type Settings } from './state.ts';

/**
 * What a scheduler heard and what it decided, line by line, as JSON. A term begins with what it knew; every further line is
 * one fact with the time and the effects that came back. Played back, the same lines must give the same effects: that is the
 * proof that the policy reads no clock, no chance and nothing from outside.
 */
export type TraceLine =
  | {
      readonly is: 'term';
      readonly term: string;
      readonly fence: number;
      readonly atMs: number;
      readonly settings: Settings;
      readonly estimates: Estimates;
    }
  | { readonly is: 'fact'; readonly atMs: number; readonly fact: Fact; readonly effects: readonly Effect[] };

export interface Difference {
  /** From 0. */
  readonly line: number;
  readonly recorded: string;
  readonly replayed: string;
}

/** The first line that comes out differently; null when there is none. Lines before the first term are not judged. */
export function firstDifference(lines: readonly TraceLine[]): Difference | null {
  let state: GpuState | null = null;
  for (const [line, entry] of lines.entries()) {
    if (entry.is === 'term') {
      const { term, fence, atMs, settings } = entry;
      const estimates = estimatesFrom(entry.estimates);
      state = createState({ term, fence, nowMs: atMs, settings, estimates });
    } else if (state !== null) {
      const replayed = JSON.stringify(apply(state, entry.fact, entry.atMs));
      const recorded = JSON.stringify(entry.effects);
      if (recorded !== replayed) return { line, recorded, replayed };
    }
  }
  return null;
}
