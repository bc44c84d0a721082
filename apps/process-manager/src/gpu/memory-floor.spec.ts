import { describe, expect, test } from '@jest/globals';
import { MemoryFloor } from './memory-floor.ts';

function floorAt(mib: number): MemoryFloor {
  const floor = new MemoryFloor({ residueMib: 1_000, settleMs: 1_500 });
  floor.learn(mib, -60_000);
  return floor;
}

describe('the memory floor', () => {
  test('at the floor the card is free at once', () => {
    expect(floorAt(300).isFree(340, 0)).toBe(true);
  });

  test('weights that the driver still counts are not free, however long they stand still', () => {
    const floor = floorAt(300);
    for (const now of [0, 1_000, 2_000, 60_000]) expect(floor.isFree(5_000, now)).toBe(false);
  });

  test('a little above the floor counts as free only after it has stood still', () => {
    const floor = floorAt(300);
    expect(floor.isFree(900, 0)).toBe(false);
    expect(floor.isFree(800, 1_400)).toBe(false);
    expect(floor.isFree(800, 2_800)).toBe(false);
    expect(floor.isFree(800, 2_900)).toBe(true);
  });

  test('a residue is waited for once: the next time it is the floor', () => {
    const floor = floorAt(300);
    floor.isFree(800, 0);
    expect(floor.isFree(800, 1_500)).toBe(true);
    floor.restart();
    expect(floor.isFree(820, 10_000)).toBe(true);
  });

  test('a residue does not creep up beyond what is allowed over the lowest figure known', () => {
    const floor = floorAt(300);
    floor.isFree(1_200, 0);
    expect(floor.isFree(1_200, 1_500)).toBe(true);
    floor.restart();
    floor.isFree(1_500, 2_000);
    expect(floor.isFree(1_500, 60_000)).toBe(false);
  });

  test('what was counted just after our start is no floor before it has stood still', () => {
    const floor = new MemoryFloor({ residueMib: 1_000, settleMs: 1_500 });
    floor.learn(9_000, 0);
    expect(floor.isFree(9_000, 100)).toBe(false);
    expect(floor.isFree(300, 600)).toBe(false);
    expect(floor.isFree(300, 2_100)).toBe(true);
    expect(floor.isFree(9_000, 60_000)).toBe(false);
  });

  test('when the process with the residue has ended, its memory is no longer taken for free', () => {
    const floor = floorAt(300);
    floor.isFree(1_000, 0);
    expect(floor.isFree(1_000, 1_500)).toBe(true);
    floor.forgetResidue();
    floor.restart();
    expect(floor.isFree(1_000, 2_000)).toBe(false);
  });
});
