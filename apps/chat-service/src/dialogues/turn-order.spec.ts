import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { changes, turnOrder, type Speaker } from './turn-order.ts';

const on = (memory: string, ...models: string[]): Speaker[] => models.map((model) => ({ model, memory }));
const NOTHING = new Map<string, string>();

const speaker = fc.record({
  model: fc.constantFrom('llama', 'qwen', 'gemma', 'mistral'),
  memory: fc.constantFrom('main', '1'),
});
const wish = fc.record({
  speakers: fc.array(speaker, { minLength: 2, maxLength: 6 }),
  turns: fc.integer({ min: 1, max: 50 }),
  loaded: fc
    .option(fc.constantFrom('llama', 'qwen', 'gemma'), { nil: null })
    .map((model) => (model === null ? NOTHING : new Map([['main', model]]))),
});

describe('who speaks when', () => {
  test('in turn is strictly one after the other', () => {
    const order = turnOrder({
      speakers: on('main', 'a', 'b', 'c'),
      turns: 7,
      order: 'in_turn',
      loaded: NOTHING,
    });
    expect(order).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  test('on one GPU the model that ended a round begins the next', () => {
    const order = turnOrder({
      speakers: on('main', 'a', 'b', 'c'),
      turns: 9,
      order: 'fewest_changes',
      loaded: NOTHING,
    });
    expect(order).toEqual([0, 1, 2, 2, 1, 0, 0, 1, 2]);
  });

  test('two on one model speak together, and neither speaks twice in a row', () => {
    const order = turnOrder({
      speakers: on('main', 'a', 'b', 'a'),
      turns: 9,
      order: 'fewest_changes',
      loaded: NOTHING,
    });
    expect(order).toEqual([0, 2, 1, 1, 0, 2, 0, 2, 1]);
  });

  test('the loaded model begins', () => {
    const order = turnOrder({
      speakers: on('main', 'a', 'b'),
      turns: 4,
      order: 'fewest_changes',
      loaded: new Map([['main', 'b']]),
    });
    expect(order).toEqual([1, 0, 0, 1]);
  });

  test.each([
    ['one model', on('main', 'a', 'a', 'a')],
    ['a GPU each', [...on('main', 'a'), ...on('1', 'b')]],
  ])('with %s nothing is gained, so it stays one after the other', (_, speakers) => {
    const order = turnOrder({ speakers, turns: 7, order: 'fewest_changes', loaded: NOTHING });
    expect(order).toEqual(turnOrder({ speakers, turns: 7, order: 'in_turn', loaded: NOTHING }));
  });

  test('the cheapest order never costs more than one after the other', () => {
    fc.assert(
      fc.property(wish, ({ speakers, turns, loaded }) => {
        const cheap = turnOrder({ speakers, turns, loaded, order: 'fewest_changes' });
        const strict = turnOrder({ speakers, turns, loaded, order: 'in_turn' });
        expect(changes(cheap, speakers, loaded)).toBeLessThanOrEqual(changes(strict, speakers, loaded));
      }),
    );
  });

  test('whatever the order, all turns are given and everybody speaks equally often, give or take one', () => {
    fc.assert(
      fc.property(
        wish,
        fc.constantFrom('fewest_changes', 'in_turn'),
        ({ speakers, turns, loaded }, order) => {
          const given = turnOrder({ speakers, turns, loaded, order });
          expect(given).toHaveLength(turns);
          for (let turn = 1; turn <= turns; turn += 1) {
            const counts = speakers.map(
              (_, place) => given.slice(0, turn).filter((one) => one === place).length,
            );
            // At every moment, not only at the end: a dialogue may be stopped.
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(
              turn % speakers.length === 0 ? 0 : 1,
            );
          }
        },
      ),
    );
  });

  test('n models on one GPU change n - 1 times a round instead of n', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 12 }), (models, rounds) => {
        const speakers = on('main', ...['a', 'b', 'c', 'd'].slice(0, models));
        const turns = models * rounds;
        const cheap = turnOrder({ speakers, turns, order: 'fewest_changes', loaded: NOTHING });
        expect(changes(cheap, speakers)).toBe((models - 1) * rounds + 1);
      }),
    );
  });
});
