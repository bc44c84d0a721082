import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { FaultSwitchboard, fault } from './faults.ts';

const board = () =>
  new FaultSwitchboard({
    slow: fault('everything takes longer', { factor: z.number().default(10) }),
    broken: fault('nothing works', {}),
  });

describe('faults', () => {
  test('that are only switched on have their defaults and stay', () => {
    const faults = board();
    faults.set(faults.schema.parse({ slow: true }));
    expect([faults.strike('slow'), faults.strike('slow')]).toEqual([{ factor: 10 }, { factor: 10 }]);
    expect(faults.strike('broken')).toBeNull();
    faults.set(faults.schema.parse({ slow: false }));
    expect(faults.strike('slow')).toBeNull();
  });

  test('with `times` strike that often', () => {
    const faults = board();
    faults.set(faults.schema.parse({ slow: { times: 2, factor: 3 } }));
    expect([1, 2, 3].map(() => faults.strike('slow')?.factor)).toEqual([3, 3, undefined]);
  });

  test('that do not suit the moment, or are only looked at, are not used up', () => {
    const faults = board();
    faults.set(faults.schema.parse({ slow: { times: 1 } }));
    expect(faults.strike('slow', ({ factor }) => factor > 99)).toBeNull();
    expect(faults.peek('slow')).not.toBeNull();
    expect(faults.strike('slow')).not.toBeNull();
  });

  test('keep their state when others are set', () => {
    const faults = board();
    faults.set(faults.schema.parse({ broken: true }));
    faults.set(faults.schema.parse({ slow: true }));
    expect(faults.describe()).toMatchObject({
      broken: { says: 'nothing works', armed: {} },
      slow: { armed: { factor: 10 } },
    });
  });

  test.each([
    { unheard: true },
    { slow: { factor: 'x' } },
    { slow: { times: 0 } },
    { broken: { factor: 1 } },
  ])('%j is refused', (change) => {
    expect(board().schema.safeParse(change).success).toBe(false);
  });
});
