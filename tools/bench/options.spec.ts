import { describe, expect, test } from '@jest/globals';
import { HELP, UsageError, readOptions } from './options.ts';

const KNOWN = ['grant', 'fail-over'];

describe('the command line of the benchmarks', () => {
  test('without words all figures are measured in full', () => {
    expect(readOptions([], KNOWN)).toEqual({ figures: [], pace: 'full', kills: null, streams: null });
  });

  test('a figure can be measured alone, quickly, with a number of kills', () => {
    expect(readOptions(['fail-over', '--quick', '--kills', '5'], KNOWN)).toEqual({
      figures: ['fail-over'],
      pace: 'quick',
      kills: 5,
      streams: null,
    });
    expect(readOptions(['grant', '--streams', '100'], KNOWN)).toMatchObject({ streams: 100, kills: null });
  });

  test('help and the list come before anything else', () => {
    expect(readOptions(['--list', 'grant'], KNOWN)).toBe('list');
    expect(readOptions(['--help', '--list'], KNOWN)).toBe('help');
    for (const name of KNOWN) expect(HELP).toContain(`  ${name} `);
  });

  test.each([[['other']], [['--kills', '0']], [['--streams', 'many']], [['--fast']]])(
    '%j is refused',
    (args) => {
      expect(() => readOptions(args, KNOWN)).toThrow(UsageError);
    },
  );
});
