import { describe, expect, test } from '@jest/globals';
import { formatBand, formatDuration } from './duration.ts';

/** Languages put different kinds of spaces between a number and its unit. */
const plain = (text: string | null): string | null => text?.replace(/\s/gu, ' ') ?? null;

describe('a length of time', () => {
  test.each([
    [0, '0s'],
    [380, '0.4s'],
    [9_940, '9.9s'],
    [9_990, '10s'],
    [59_400, '59s'],
    [59_900, '1m'],
    [125_000, '2m 5s'],
    [3_600_000, '60m'],
  ])('%i ms reads %s in English', (ms, said) => {
    expect(formatDuration(ms, 'en')).toBe(said);
  });

  test('Russian has its own units and decimal comma', () => {
    expect(plain(formatDuration(1_300, 'ru'))).toBe('1,3 с');
    expect(plain(formatDuration(125_000, 'ru'))).toBe('2 мин 5 с');
  });
});

describe('an estimate', () => {
  test('both bounds make a band with one unit', () => {
    expect(formatBand(12_000, 30_000, 'en')).toMatch(/^12\s?–\s?30s$/u);
    expect(formatBand(60_000, 200_000, 'en')).toMatch(/^1\s?–\s?3m$/u);
  });

  test('equal bounds, or one alone, make one number', () => {
    expect(formatBand(12_100, 12_400, 'en')).toBe('12s');
    expect(formatBand(null, 8_000, 'en')).toBe('8s');
    expect(formatBand(8_000, null, 'en')).toBe('8s');
  });

  test('it never promises nothing at all', () => {
    expect(formatBand(0, 200, 'en')).toBe('1s');
  });

  test('bounds in the wrong order are put right', () => {
    expect(formatBand(30_000, 12_000, 'en')).toBe(formatBand(12_000, 30_000, 'en'));
  });

  test('without bounds there is no estimate', () => {
    expect(formatBand(null, null, 'en')).toBeNull();
  });
});
