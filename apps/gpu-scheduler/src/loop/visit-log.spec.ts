import { describe, expect, test } from '@jest/globals';
import type { LeaseHistory, SwapEnd } from '@baton/contracts';
import type { GpuState, Swap, Visit } from '../core/state.ts';
import { VisitLog } from './visit-log.ts';

const CHAT = { key: 'ollama:main:llama', engine: 'ollama' } as const;
const IMAGES = { key: 'comfyui', engine: 'comfyui' } as const;

function lease(id: string): LeaseHistory {
  return {
    lease_id: id,
    job_id: `job-${id}`,
    user_id: 1,
    kind: 'reply',
    message_id: 1,
    reason: 'visit_open',
    submitted_at_ms: 1,
    granted_at_ms: 2,
    ended_at_ms: null,
    outcome: null,
    code: null,
    estimate_ms: 5_000,
  };
}

/** Decided and carried out. */
function grant(log: VisitLog, id: string, nowMs: number): void {
  log.granting(lease(id));
  log.granted(id, nowMs);
}

/** As much of a state as the log looks at. */
function state(seen: { visit?: Pick<Visit, 'fence' | 'lane'>; swap?: Swap; isAway?: boolean }): GpuState {
  return {
    visit: seen.visit ?? null,
    swap: seen.swap ?? null,
    node: { isPresent: seen.isAway !== true, sinceMs: 0, bootId: 'b' },
  } as GpuState;
}

function swap(fence: number): Swap {
  return {
    id: `swap-${fence}`,
    fence,
    from: CHAT,
    to: IMAGES,
    startedAtMs: 0,
    phase: 'drain',
    isAccepted: true,
  } as Swap;
}

const RECORD = {
  id: 'swap-2',
  from: { engine: 'ollama', model: 'llama' },
  to: { engine: 'comfyui', model: null },
  phases: [{ phase: 'free', ms: 30 }],
  total_ms: 40,
  before_mib: 9_000,
  freed_mib: 400,
} as const;

function done(fence: number): SwapEnd {
  return {
    outcome: 'done',
    swapId: `swap-${fence}`,
    fence,
    record: { ...RECORD, phases: [...RECORD.phases] },
  };
}

/** A log with an image visit of fence 2 that a swap began at 100. */
function inVisit(): VisitLog {
  const log = new VisitLog('gpu0');
  log.swapStarted(swap(2), 'turn_over', 60);
  log.follow(state({ swap: swap(2) }), 60);
  log.swapEnded(done(2), 100);
  log.follow(state({ visit: { fence: 2, lane: IMAGES } }), 100);
  return log;
}

describe('a visit', () => {
  test('is kept with its cause, its swap with what the driver said, and its leases', () => {
    const log = inVisit();
    grant(log, 'a', 101);
    log.leaseEnded('a', { outcome: 'completed', code: null }, 150);
    log.swapStarted(swap(3), 'return_home', 200);
    const { over } = log.takeChange();
    expect(over).toEqual([
      {
        node: 'gpu0',
        fence: 2,
        lane: { engine: 'comfyui', model: null },
        cause: 'turn_over',
        swap: RECORD,
        failed: null,
        opened_at_ms: 100,
        closed_at_ms: 200,
        leases: [{ ...lease('a'), granted_at_ms: 101, ended_at_ms: 150, outcome: 'completed' }],
      },
    ]);
  });

  test('whose swap failed has no lane and says why', () => {
    const log = new VisitLog('gpu0');
    log.swapStarted(swap(2), 'job_waiting', 60);
    log.swapEnded({ ...done(2), outcome: 'failed', code: 'engine.start_failed' }, 90);
    expect(log.takeChange().over).toMatchObject([
      { fence: 2, lane: null, failed: 'engine.start_failed', opened_at_ms: 60, closed_at_ms: 90 },
    ]);
    expect(log.current).toBeNull();
  });

  test('whose swap never came to an end that anybody heard of counts as failed', () => {
    const log = new VisitLog('gpu0');
    log.swapStarted(swap(2), 'job_waiting', 60);
    log.follow(state({}), 90);
    expect(log.takeChange().over).toMatchObject([{ lane: null, failed: 'gpu.swap_failed' }]);
  });

  test('that was found without an order is kept without a cause; it is over when nobody owns the GPU', () => {
    const log = new VisitLog('gpu0');
    log.follow(state({ visit: { fence: 7, lane: CHAT } }), 10);
    log.follow(state({ visit: { fence: 7, lane: CHAT }, isAway: true }), 20);
    expect(log.current).toMatchObject({ fence: 7, cause: null, closed_at_ms: null });
    log.follow(state({}), 30);
    expect(log.takeChange().over).toMatchObject([{ fence: 7, cause: null, closed_at_ms: 30 }]);
  });

  test('has a lease whose end was heard of before its grant, once; and none that did not come to be', () => {
    const log = inVisit();
    log.granting(lease('quick'));
    log.leaseEnded('quick', { outcome: 'completed', code: null }, 120);
    log.granted('quick', 121);
    log.granting(lease('refused'));
    log.grantFailed('refused');
    log.granted('refused', 130);
    expect(log.current?.leases).toEqual([
      { ...lease('quick'), granted_at_ms: 120, ended_at_ms: 120, outcome: 'completed' },
    ]);
  });

  test('of very many leases is kept in parts; who holds one at the time goes along', () => {
    const log = inVisit();
    for (let n = 0; n < 100; n += 1) {
      grant(log, String(n), 101);
      if (n < 99) log.leaseEnded(String(n), { outcome: 'completed', code: null }, 102);
    }
    grant(log, 'next', 103);
    const { over, open } = log.takeChange();
    expect(over).toMatchObject([{ part: 1, cause: 'turn_over' }]);
    expect(over[0]?.leases).toHaveLength(99);
    expect(open?.record).toMatchObject({ part: 2, fence: 2, cause: null, swap: null });
    expect(open?.record.leases.map(({ lease_id }) => lease_id)).toEqual(['99', 'next']);
  });

  test('that hundreds share at a time does not begin a part with each of them', () => {
    const log = inVisit();
    for (let n = 0; n < 300; n += 1) grant(log, String(n), 101);
    expect(log.takeChange().over).toEqual([]);
    for (let n = 0; n < 50; n += 1) log.leaseEnded(String(n), { outcome: 'completed', code: null }, 102);
    grant(log, 'next', 103);
    const { over, open } = log.takeChange();
    expect(over.map(({ leases }) => leases.length)).toEqual([50]);
    expect(open?.record.leases).toHaveLength(251);
  });
});

describe('a new leader', () => {
  function successor(): VisitLog {
    const former = inVisit();
    grant(former, 'a', 101);
    const { open } = former.takeChange();
    const log = new VisitLog('gpu0');
    if (open !== null) log.inherit(open);
    log.found(lease('a'));
    log.found(lease('b'));
    return log;
  }

  test('goes on with the visit that it finds, its leases and its swap', () => {
    const log = successor();
    log.follow(state({ isAway: true }), 200);
    log.follow(state({ visit: { fence: 2, lane: IMAGES } }), 210);
    log.leaseEnded('b', { outcome: 'failed', code: 'gpu.lease_lost' }, 220);
    expect(log.current).toMatchObject({ fence: 2, cause: 'turn_over', opened_at_ms: 100, swap: RECORD });
    expect(log.current?.leases.map(({ lease_id, outcome }) => [lease_id, outcome])).toEqual([
      ['a', null],
      ['b', 'failed'],
    ]);
    expect(log.takeChange().over).toEqual([]);
  });

  test('goes on with it under the fresh fence that it may give it', () => {
    const log = successor();
    log.follow(state({ visit: { fence: 9, lane: IMAGES } }), 210);
    expect(log.current).toMatchObject({ fence: 9, cause: 'turn_over', opened_at_ms: 100 });
    log.follow(state({ visit: { fence: 10, lane: IMAGES } }), 220);
    expect(log.takeChange().over).toMatchObject([{ fence: 9, closed_at_ms: 220 }]);
  });

  test('closes it when another lane has the GPU', () => {
    const log = successor();
    log.follow(state({ visit: { fence: 9, lane: CHAT } }), 210);
    expect(log.takeChange().over).toMatchObject([{ fence: 2, closed_at_ms: 210 }]);
    expect(log.current).toMatchObject({ fence: 9, cause: null, lane: { engine: 'ollama', model: 'llama' } });
  });
});

test('what has changed is handed out once', () => {
  const log = inVisit();
  expect(log.takeChange()).toMatchObject({ isAnew: true, leases: [] });
  expect(log.isChanged).toBe(false);
  grant(log, 'a', 101);
  expect(log.takeChange()).toMatchObject({ isAnew: false, leases: [{ lease_id: 'a' }] });
});
