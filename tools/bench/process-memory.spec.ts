import { expect, test } from '@jest/globals';
import { parseRollup, sumOf } from './process-memory.ts';

const ROLLUP = `00400000-7ffd1000 ---p 00000000 00:00 0    [rollup]
Rss:              102400 kB
Pss:               51200 kB
Pss_Dirty:         40960 kB
Pss_Anon:          40960 kB
`;

test('resident and proportional memory are read in MiB, not their parts', () => {
  expect(parseRollup(ROLLUP)).toEqual({ rssMib: 100, pssMib: 50 });
  expect(() => parseRollup('Rss: 1 kB')).toThrow(/Rss|Pss/);
});

test('a sum is over both kinds', () => {
  expect(sumOf([parseRollup(ROLLUP), { rssMib: 1, pssMib: 2 }])).toEqual({ rssMib: 101, pssMib: 52 });
});
