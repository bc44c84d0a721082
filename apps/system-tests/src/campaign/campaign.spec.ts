import { describe, expect, test } from '@jest/globals';
import {
  CONTROL,
  FAULTS,
  SHORT_CELLS,
  STATES,
  UnknownCell,
  allCells,
  cellName,
  cellsMatching,
  deck,
} from './cells.ts';
import { UsageError, readOptions } from './options.ts';
import { seedOfRun, seeded } from './random.ts';
import { isClean } from './result.ts';
import type { RunResult } from './result.ts';
import { renderCampaign } from './table.ts';

const clean: RunResult = {
  cell: { fault: 'kill:leader', state: 'granted' },
  seed: 7,
  reached: true,
  what: 'killed leader',
  overlaps: 0,
  lost: [],
  doubles: [],
  recoveryMs: 1_200,
  endings: { done: 5 },
};

describe('chance', () => {
  test('the same seed gives the same choices, another one others', () => {
    const draw = (seed: number) => Array.from({ length: 20 }, seeded(seed).next);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(Math.min(...draw(3))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draw(3))).toBeLessThan(1);
  });

  test('both ends of a range come up', () => {
    const chance = seeded(5);
    const drawn = new Set(Array.from({ length: 200 }, () => chance.between(3, 6)));
    expect([...drawn].toSorted()).toEqual([3, 4, 5, 6]);
  });

  test('a single run has the seed that the campaign named for it', () => {
    const seed = seedOfRun(42, 17);
    expect(seedOfRun(seed, 0)).toBe(seed);
    expect(seedOfRun(42, 18)).not.toBe(seed);
  });
});

describe('cells', () => {
  test('every process is killed and stopped at every state', () => {
    const names = allCells().map(cellName);
    expect(new Set(names).size).toBe(names.length);
    for (const state of STATES) {
      expect(names).toContain(`kill:leader@${state}`);
      expect(names).toContain(`pause:comfyui@${state}`);
      expect(names).toContain(`redis:truncate@${state}`);
    }
  });

  test('a deck deals every cell once before any comes again', () => {
    const cells = allCells();
    const cards = deck(cells, seeded(3));
    const dealt = new Set(cells.map(() => cellName(cards.next().value)));
    expect(dealt.size).toBe(cells.length);
  });

  test('are chosen by fault, by state, and with a star', () => {
    expect(cellsMatching('kill:leader@granted').map(cellName)).toEqual(['kill:leader@granted']);
    expect(cellsMatching('kill:leader')).toHaveLength(STATES.length);
    expect(cellsMatching('kill:*@granted')).toHaveLength(8);
    expect(cellsMatching('none')).toEqual([CONTROL]);
    expect(() => cellsMatching('kill:cat')).toThrow(UnknownCell);
  });

  test('the short form has its control, and only what the long form has', () => {
    const names = [CONTROL, ...allCells()].map(cellName);
    for (const cell of SHORT_CELLS) expect(names).toContain(cellName(cell));
    expect(SHORT_CELLS[0]).toEqual(CONTROL);
    expect(FAULTS).not.toContain('none');
  });
});

describe('the table', () => {
  test('sums the runs of a cell, and says how the messages ended', () => {
    const table = renderCampaign([clean, { ...clean, recoveryMs: 3_000, endings: { done: 4, refused: 1 } }]);
    expect(table).toMatch(/kill:leader +granted +2 +2 +0 +0 +0 +1200 +3000/);
    expect(table).toContain('Messages: 9 done, 1 refused');
    expect(table).not.toContain('FAILED');
  });

  test('a failure names what is wrong and the command that repeats it', () => {
    const failed = { ...clean, lost: ['reply: it failed without a code'], recoveryMs: null };
    expect(isClean(failed)).toBe(false);
    const table = renderCampaign([clean, failed]);
    expect(table).toContain('lost: reply: it failed without a code');
    expect(table).toContain("npm run campaign -- --only 'kill:leader@granted' --runs 1 --seed 7");
    expect(table).toMatch(/all +2 +2 +0 +1 +0 +1200 +never/);
  });
});

describe('the command line', () => {
  test('a seed is taken, or made', () => {
    expect(readOptions(['--seed', '5', '--runs', '3'], 9)).toMatchObject({ seed: 5, runs: 3, pace: 'long' });
    expect(readOptions([], 9)).toMatchObject({ seed: 9 });
    expect(readOptions(['--short'], 9)).toMatchObject({ cells: SHORT_CELLS, pace: 'short' });
  });

  test.each([[['--runs', 'many']], [['--only', 'nothing']], [['--unheard']], [['--runs', '0']]])(
    '%j is refused',
    (args) => {
      expect(() => readOptions(args, 1)).toThrow(UsageError);
    },
  );
});
