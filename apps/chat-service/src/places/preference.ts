import { modelKey } from '../models/model-name.ts';
import type { AnswerPlace, ServerView } from './answer-place.ts';

export interface Candidate {
  readonly place: Pick<AnswerPlace, 'server' | 'kind'>;
  readonly view: ServerView;
}

/**
 * Best first, by these questions in this order:
 *   1. may it be used now: it answers, and its breaker lets somebody through;
 *   2. has it the model in memory, so that nothing must be loaded;
 *   3. how busy is it: answers under way and waiting, for each that it can make at a time;
 *   4. has it a GPU of its own, which costs nobody else a hand-over;
 *   5. its number.
 * Servers that fail the first question stay in the list, last: when there is no other, the attempt tells what is wrong.
 */
export function inOrderOfPreference<C extends Candidate>(candidates: readonly C[], key: string): C[] {
  const ranked = candidates.map((candidate, index) => {
    const { place, view } = candidate;
    const isLoaded = view.models.some(({ model, loaded }) => loaded === true && modelKey(model) === key);
    const rank = [
      isUsable(view) ? 0 : 1,
      isLoaded ? 0 : 1,
      (view.running + view.waiting) / view.max_concurrent,
      place.kind === 'elsewhere' ? 0 : 1,
      index,
    ];
    return { candidate, rank };
  });
  return ranked.sort((a, b) => compare(a.rank, b.rank)).map(({ candidate }) => candidate);
}

export function isUsable({ state, breaker }: ServerView): boolean {
  return state !== 'down' && breaker !== 'open';
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
