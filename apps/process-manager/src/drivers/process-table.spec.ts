import { describe, expect, test } from '@jest/globals';
import { parseStat } from './process-table.ts';

const rest = '1 4242 4242 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 7 0 987654 1000 200';

describe('a line of the process table', () => {
  test('is read from the end of the name, whatever the name holds', () => {
    expect(parseStat(`4242 (a) S (b) S ${rest}`)).toEqual({
      pid: 4_242,
      parent: 1,
      group: 4_242,
      startTime: 987_654,
      isZombie: false,
    });
  });

  test('tells a process that has ended and was not collected', () => {
    expect(parseStat(`4242 (node) Z ${rest}`)?.isZombie).toBe(true);
  });

  test('that is cut off is no process', () => {
    expect(parseStat('4242 (node) S 1')).toBeNull();
  });
});
