import { expect, test } from '@jest/globals';
import { RoundsReport, show } from './rounds-report.ts';

const rounds = [
  { way: [2, 4, 6], control: [1, 2, 3] },
  { way: [4, 6, 8], control: [2, 3, 4] },
  { way: [6, 8, 10], control: [4, 4, 4] },
];
/** Draws every round in turn, so that each draw is the rounds themselves. */
function inTurn(): () => number {
  let drawn = 0;
  return () => (drawn++ % rounds.length) / rounds.length;
}
const report = (isVoid = false) => new RoundsReport(rounds, { random: inTurn(), isVoid });

test('a median is that of the rounds, a ratio is taken in each round', () => {
  expect(report().p50('way').value).toBe(6);
  expect(report().ratio('way', 'control').value).toBe(2);
  expect(report().p99('control').value).toBeCloseTo(4);
});

test('a goal is judged by the bad end of the interval', () => {
  const wide = { value: 5, low: 4, high: 7 };
  expect(report().atMost('small', wide, 6)).toMatchObject({ holds: false, measured: '5.00 [4.00, 7.00]' });
  expect(report().atMost('small', wide, 7).holds).toBe(true);
  expect(report().atLeast('large', wide, 5).holds).toBe(false);
  expect(report().atLeast('large', wide, 4).holds).toBe(true);
});

test('a void run judges nothing', () => {
  expect(report(true).atMost('small', { value: 1, low: 1, high: 1 }, 6).holds).toBeNull();
});

test('digits are a matter of the figure', () => {
  expect(show({ value: 1.2345, low: 1, high: 2 }, 1)).toBe('1.2 [1.0, 2.0]');
});
