import { describe, expect, test } from '@jest/globals';
import { parseDefaultKeepAlive, parseGoDuration, parseKeepAlive } from './keep-alive.ts';

describe('keep_alive', () => {
  test.each([
    [300, 300_000],
    [0.5, 500],
    [0, 0],
    [-1, Infinity],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['0', 0],
    ['-1m', Infinity],
    [undefined, undefined],
    [null, undefined],
  ])('%p is %p ms', (value, ms) => {
    expect(parseKeepAlive(value)).toBe(ms);
  });

  test.each([
    ['300', 'time: missing unit in duration "300"'],
    ['5 minutes', 'time: unknown unit " minutes" in duration "5 minutes"'],
    ['soon', 'time: invalid duration "soon"'],
    ['', 'time: invalid duration ""'],
    [true, "Unsupported type: 'bool'"],
    [[], "Unsupported type: '[]interface {}'"],
  ])('%p is refused with 400', (value, text) => {
    expect(() => parseKeepAlive(value)).toThrow(expect.objectContaining({ status: 400, message: text }));
  });

  test('the server default takes bare seconds, which a request may not', () => {
    expect(parseDefaultKeepAlive('300')).toBe(300_000);
    expect(parseDefaultKeepAlive('-1')).toBe(Infinity);
    expect(parseDefaultKeepAlive('5m')).toBe(300_000);
  });

  test('a duration must be read to its end', () => {
    expect(parseGoDuration('5m!')).toBeNull();
    expect(parseGoDuration('m')).toBeNull();
    expect(parseGoDuration('-2h')).toBe(-7_200_000);
  });
});
