import { describe, expect, test } from '@jest/globals';
import type { LeaseHistory, SwapRecord, VisitRecord } from '@baton/contracts';
import type { TFunction } from 'i18next';
import { countOutcomes, leaseTimes, sayCause, sayMemory, visitKey } from './visit-facts.ts';

/** The key and what is put into it: which words there are is the dictionaries' business. */
const t = ((key: string, values: object = {}) =>
  [key, ...Object.values(values)].join(' ')) as unknown as TFunction;

const lease = (of: Partial<LeaseHistory>): LeaseHistory => ({
  lease_id: 'l',
  job_id: 'j',
  user_id: 1,
  kind: 'reply',
  message_id: 1,
  reason: 'visit_open',
  submitted_at_ms: 1_000,
  granted_at_ms: 3_500,
  ended_at_ms: 9_500,
  outcome: 'completed',
  code: null,
  estimate_ms: 5_000,
  ...of,
});

const visit = (of: Partial<VisitRecord>): VisitRecord => ({
  node: 'gpu0',
  fence: 7,
  lane: null,
  cause: null,
  swap: null,
  failed: null,
  opened_at_ms: 1_000,
  closed_at_ms: null,
  leases: [],
  ...of,
});

const SWAP: SwapRecord = { id: 's', from: null, to: null, phases: [], total_ms: 0 };

describe('a visit in the history', () => {
  test('its cause is said, or that it goes on, or that a new scheduler found it', () => {
    expect(sayCause(visit({ cause: 'by_hand', part: 1 }), t)).toBe('gpu_screen.cause.by_hand');
    expect(sayCause(visit({ part: 2 }), t)).toBe('gpu_screen.cause_part 2');
    expect(sayCause(visit({}), t)).toBe('gpu_screen.cause_found');
  });

  test('the parts of a long visit are told apart', () => {
    expect(visitKey(visit({ part: 1 }))).not.toBe(visitKey(visit({ part: 2 })));
  });

  test('memory is shown where the driver told both ends of it', () => {
    expect(sayMemory({ ...SWAP, before_mib: 20_480, freed_mib: 512 }, 'en', t)).toMatch(/20 GiB 0.5 GiB$/);
    expect(sayMemory({ ...SWAP, before_mib: 20_480 }, 'en', t)).toBeNull();
    expect(sayMemory(null, 'en', t)).toBeNull();
  });
});

describe('a request in the history', () => {
  test('it waited until it was granted and held until it ended', () => {
    expect(leaseTimes(lease({}), 99_000)).toEqual({ waitedMs: 2_500, heldMs: 6_000 });
  });

  test('one that is still held counts up to now', () => {
    expect(leaseTimes(lease({ ended_at_ms: null, outcome: null }), 5_000).heldMs).toBe(1_500);
  });

  test('clocks that disagree make no time below zero', () => {
    expect(leaseTimes(lease({ submitted_at_ms: 4_000, ended_at_ms: 3_000 }), 0)).toEqual({
      waitedMs: 0,
      heldMs: 0,
    });
  });

  test('the outcomes are counted, and what is held counts for none of them', () => {
    const leases = [lease({}), lease({ outcome: 'failed' }), lease({ ended_at_ms: null, outcome: null })];
    expect(countOutcomes(leases)).toEqual({ completed: 1, failed: 1, cancelled: 0, held: 1 });
  });
});
