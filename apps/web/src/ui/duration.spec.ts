import { describe, expect, test } from '@jest/globals';
import { formatBand, formatDuration, formatStep } from './duration.ts';

/** Languages put different kinds of spaces between a number and its unit. */
const plain = (text: string): string => text.replace(/\s/gu, ' ');

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
    expect(plain(formatDuration(ms, 'en'))).toBe(said);
  });

  test('a short step is told in milliseconds', () => {
    expect(plain(formatStep(417, 'en'))).toBe('417ms');
    expect(plain(formatStep(417, 'ru'))).toBe('417 мс');
    expect(plain(formatStep(2_100, 'en'))).toBe('2.1s');
  });

  test('Russian has its own units and decimal comma', () => {
    expect(plain(formatDuration(1_300, 'ru'))).toBe('1,3 с');
    expect(plain(formatDuration(125_000, 'ru'))).toBe('2 мин 5 с');
  });
});

describe('an estimate', () => {
  test('both bounds make a band', () => {
    expect(formatBand(12_000, 30_000, 'en')).toEqual({ likely: '12s', latest: '30s' });
    expect(formatBand(41_300, 68_200, 'en')).toEqual({ likely: '40s', latest: '1m\u00a010s' });
  });

  test('the longer it is, the rounder it is, and the latest time is never rounded down', () => {
    expect(formatBand(181_000, 361_000, 'en')).toEqual({ likely: '3m', latest: '6m\u00a030s' });
  });

  test('equal bounds, or one alone, make one number', () => {
    expect(formatBand(12_000, 12_000, 'en')).toEqual({ likely: '12s', latest: null });
    expect(formatBand(null, 8_000, 'en')).toEqual({ likely: '8s', latest: null });
    expect(formatBand(8_000, null, 'en')).toEqual({ likely: '8s', latest: null });
  });

  test('it never promises nothing at all', () => {
    expect(formatBand(0, 200, 'en')).toEqual({ likely: '1s', latest: null });
  });

  test('bounds in the wrong order are put right', () => {
    expect(formatBand(30_000, 12_000, 'en')).toEqual(formatBand(12_000, 30_000, 'en'));
  });

  test('without bounds there is no estimate', () => {
    expect(formatBand(null, null, 'en')).toBeNull();
  });
});
