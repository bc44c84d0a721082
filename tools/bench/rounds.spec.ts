import { expect, test } from '@jest/globals';
import { measureRounds, whyVoid } from './rounds.ts';

test('each pass has every target once, and what warmed up is forgotten', async () => {
  const calls: string[] = [];
  const chances = [0.9, 0.1, 0.5, 0.2, 0.8, 0.3, 0.7];
  let drawn = 0;
  const target = <Name extends string>(name: Name) => ({
    name,
    measure: async () => calls.push(name),
  });
  const rounds = await measureRounds([target('a'), target('b'), target('c')], {
    rounds: 3,
    passes: 2,
    warmUpPasses: 1,
    random: () => chances[(drawn += 1) % chances.length] ?? 0,
  });
  expect(rounds.map(({ a, b, c }) => [a.length, b.length, c.length])).toEqual([
    [2, 2, 2],
    [2, 2, 2],
    [2, 2, 2],
  ]);
  expect(Math.min(...rounds.flatMap(({ a, b, c }) => [...a, ...b, ...c]))).toBe(4);
  for (let at = 0; at < calls.length; at += 3) {
    expect(calls.slice(at, at + 3).toSorted()).toEqual(['a', 'b', 'c']);
  }
  const orders = new Set(
    Array.from({ length: 7 }, (_, pass) => calls.slice(pass * 3, pass * 3 + 3).join('')),
  );
  expect(orders.size).toBeGreaterThan(1);
});

test('a run whose control moved by more than 30 % between its halves is void, and says which', () => {
  const round = (ping: number, path: number) => ({ ping: [ping], path: [path] });
  expect(whyVoid([round(1, 5), round(1, 9), round(1.2, 9), round(1.2, 9)], ['ping'])).toBeNull();
  expect(whyVoid([round(1, 5), round(1, 5), round(1.4, 5), round(1.4, 5)], ['ping'])).toMatch(/VOID: "ping"/);
});
