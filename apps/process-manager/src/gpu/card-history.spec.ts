import { expect, test } from '@jest/globals';
import { CardHistory } from './card-history.ts';

test('the newest samples are kept, oldest first, and no more than an hour of them', () => {
  const history = new CardHistory();
  expect(history.samples()).toEqual([]);
  const sample = (at_ms: number) => ({ at_ms, used_mib: 1, total_mib: 2, foreign_mib: null, owner: null });
  for (let at = 0; at < 4_000; at += 1) history.add(sample(at));
  const kept = history.samples().map(({ at_ms }) => at_ms);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_800, 2_200, 3_999]);
});
