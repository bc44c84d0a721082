import { describe, expect, test } from '@jest/globals';
import {
  onArrival,
  onCancel,
  onDoorShut,
  onExpired,
  onGrantFailed,
  onGranted,
  onReleased,
  onSwapAccepted,
  onSwapEnded,
  onTick,
} from './facts.ts';
import { nextWakeMs } from './policy.ts';
import { onLeaseFound, onNodeAway, onNodeReport } from './node.ts';
import type { Effect, GpuState } from './state.ts';
import { IMAGES, LLAMA, QWEN, job, report, startedState, words } from './testing.ts';

/** Carries out the only grant among the effects and returns its lease. */
function hold(state: GpuState, effects: readonly Effect[], nowMs: number): string {
  const grant = effects.find((effect) => effect.do === 'grant');
  if (grant?.do !== 'grant') throw new Error(`no grant in ${words(effects).join(', ')}`);
  onGranted(state, grant.leaseId, 'boot-1', nowMs);
  return grant.leaseId;
}

function release(state: GpuState, leaseId: string, nowMs: number): Effect[] {
  onReleased(state, leaseId, 'completed');
  return onDoorShut(state, leaseId, true, nowMs);
}

function swapDone(state: GpuState, nowMs: number): Effect[] {
  const id = state.swap?.id ?? 'none';
  onSwapAccepted(state, id);
  return onSwapEnded(state, { swapId: id, isDone: true, tookMs: 5_000 }, nowMs);
}

function swapFailed(state: GpuState, nowMs: number): Effect[] {
  return onSwapEnded(state, { swapId: state.swap?.id ?? 'none', isDone: false, tookMs: null }, nowMs);
}

describe('gated visits', () => {
  test('a chat for the resident model is granted at once, one for images after a swap', () => {
    const state = startedState(LLAMA);
    const chat = onArrival(state, job('c1', LLAMA), 10);
    expect(words(chat)).toEqual(['grant c1']);
    const lease = hold(state, chat, 11);
    expect(words(onArrival(state, job('i1', IMAGES), 12))).toEqual([]);
    expect(words(release(state, lease, 20))).toEqual(['finish c1 completed', 'swap comfyui job_waiting']);
    expect(words(swapDone(state, 5_020))).toEqual(['grant i1']);
  });

  test('once an image waits only the chats that were there before it are served first', () => {
    const state = startedState(LLAMA);
    let lease = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
    onArrival(state, job('c2', LLAMA), 1);
    onArrival(state, job('i1', IMAGES), 20_000);
    onArrival(state, job('c3', LLAMA), 20_001);
    const second = release(state, lease, 25_000);
    expect(words(second)).toEqual(['finish c1 completed', 'grant c2']);
    lease = hold(state, second, 25_000);
    expect(words(release(state, lease, 29_000))).toContain('swap comfyui turn_over');
  });

  test('an image visit takes all comers until its time is up, counted from the first chat that waits', () => {
    const state = startedState(IMAGES, { maxTurnGrowth: 1 });
    let effects = onArrival(state, job('i1', IMAGES), 0);
    onArrival(state, job('c1', LLAMA), 50_000);
    for (const [id, endMs] of [
      ['i2', 100_000],
      ['i3', 169_000],
    ] as const) {
      const lease = hold(state, effects, 0);
      onArrival(state, job(id, IMAGES), endMs - 1);
      effects = release(state, lease, endMs);
      expect(words(effects)).toContain(`grant ${id}`);
    }
    const last = hold(state, effects, 0);
    onArrival(state, job('i4', IMAGES), 170_000);
    expect(words(release(state, last, 170_001))).toContain('swap ollama:main:llama turn_over');
  });

  test('a visit serves one job even when its time is up', () => {
    const state = startedState(IMAGES, { maxTurnMs: { comfyui: 0, ollama: 0 }, maxLaneVisitMs: 0 });
    onArrival(state, job('c1', LLAMA), 0);
    onArrival(state, job('i1', IMAGES), 1);
    expect(words(swapDone(state, 9_000))).toEqual(['grant c1']);
  });

  test('a tour gives each waiting model one visit before the images come back', () => {
    const state = startedState(IMAGES);
    const image = hold(state, onArrival(state, job('i1', IMAGES), 0), 0);
    onArrival(state, job('c1', LLAMA), 1);
    onArrival(state, job('q1', QWEN), 2);
    onArrival(state, job('i2', IMAGES), 3);
    expect(words(release(state, image, 130_000))).toContain('swap ollama:main:llama turn_over');
    const llama = hold(state, swapDone(state, 131_000), 131_000);
    expect(words(release(state, llama, 132_000))).toContain('swap ollama:main:qwen tour');
    const qwen = hold(state, swapDone(state, 133_000), 133_000);
    onArrival(state, job('c2', LLAMA), 133_500);
    expect(words(release(state, qwen, 134_000))).toContain('swap comfyui turn_over');
  });

  test('from an empty card the more urgent engine goes first', () => {
    const state = startedState(null);
    onNodeAway(state, 0);
    onArrival(state, job('c1', LLAMA), 1);
    onArrival(state, job('i1', IMAGES), 2);
    expect(words(onNodeReport(state, report(state, null), 3))).toEqual(['swap comfyui job_waiting']);
  });

  test('a gate opens again when the one it was closed for is gone', () => {
    const state = startedState(LLAMA);
    const lease = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
    onArrival(state, job('i1', IMAGES), 1);
    onArrival(state, job('c2', LLAMA), 2);
    expect(words(onCancel(state, 'i1', 3))).toEqual(['end i1 gpu.job_cancelled']);
    expect(words(release(state, lease, 4))).toContain('grant c2');
  });

  test('chats of one model share a visit up to the slots, another model waits for all of them', () => {
    const state = startedState(LLAMA, { ollamaSlots: 2 });
    const first = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
    const second = hold(state, onArrival(state, job('c2', LLAMA), 1), 1);
    expect(words(onArrival(state, job('c3', LLAMA), 2))).toEqual([]);
    onCancel(state, 'c3', 3);
    onArrival(state, job('q1', QWEN), 4);
    expect(words(release(state, first, 5))).toEqual(['finish c1 completed']);
    expect(words(release(state, second, 6))).toContain('swap ollama:main:qwen job_waiting');
  });

  test("one user's flood does not block another user's single job", () => {
    const state = startedState(LLAMA);
    const lease = hold(state, onArrival(state, job('a1', LLAMA, { userId: 1, submittedAtMs: 1 }), 1), 1);
    for (let n = 2; n < 50; n += 1) onArrival(state, job(`a${n}`, LLAMA, { userId: 1, submittedAtMs: n }), n);
    onArrival(state, job('b1', LLAMA, { userId: 2, submittedAtMs: 60 }), 60);
    const next = release(state, lease, 5_000);
    expect(words(next)).toContain('grant b1');
    expect(words(release(state, hold(state, next, 5_000), 10_000))).toContain('grant a2');
  });
});

describe('nobody waits', () => {
  test('after an image the GPU goes home to the last model, not before it was idle for a while', () => {
    const state = startedState(LLAMA);
    onArrival(state, job('i1', IMAGES), 0);
    const lease = hold(state, swapDone(state, 100), 100);
    release(state, lease, 1_000);
    expect(words(onTick(state, 2_999))).toEqual([]);
    expect(words(onTick(state, 3_000))).toEqual(['swap ollama:main:llama return_home']);
    swapFailed(state, 4_000);
    expect(words(onTick(state, 600_000))).toEqual([]);
  });

  test('a resident model stays however long nobody asks', () => {
    const state = startedState(LLAMA);
    expect(words(onTick(state, 86_400_000))).toEqual([]);
  });
});

describe('trouble', () => {
  test('a place is free only when the guard has shut the door', () => {
    const state = startedState(LLAMA);
    const lease = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
    onArrival(state, job('c2', LLAMA), 1);
    expect(words(onExpired(state, lease))).toEqual([`close ${lease} expired`]);
    expect(words(onTick(state, 100_000))).toEqual([]);
    expect(words(onDoorShut(state, lease, true, 100_001))).toEqual(['finish c1 gpu.lease_lost', 'grant c2']);
  });

  test('an engine that does not let go is cleared before anybody else is let in', () => {
    const state = startedState(IMAGES);
    const lease = hold(state, onArrival(state, job('i1', IMAGES), 0), 0);
    onArrival(state, job('i2', IMAGES), 1);
    onCancel(state, 'i1', 2);
    expect(words(onDoorShut(state, lease, false, 3))).toEqual([
      'finish i1 gpu.job_cancelled',
      'swap nothing engine_not_quiet',
    ]);
    expect(words(swapDone(state, 4))).toEqual(['swap comfyui job_waiting']);
  });

  test('swaps that fail are tried again with pauses, then those who wait are told', () => {
    const state = startedState(LLAMA);
    expect(words(onArrival(state, job('i1', IMAGES), 0))).toEqual(['swap comfyui job_waiting']);
    expect(words(swapFailed(state, 100))).toEqual([]);
    expect(words(onTick(state, 1_099))).toEqual([]);
    expect(words(onTick(state, 1_100))).toEqual(['swap comfyui job_waiting']);
    swapFailed(state, 2_000);
    expect(words(onTick(state, 4_000))).toEqual(['swap comfyui job_waiting']);
    expect(words(swapFailed(state, 5_000))).toEqual(['end i1 engine.unavailable']);
    expect(state.jobs.size).toBe(0);
  });

  test('those who wait hear why the model could not be loaded', () => {
    const state = startedState(IMAGES);
    onArrival(state, job('c1', LLAMA), 0);
    for (const atMs of [0, 10_000, 20_000]) {
      onTick(state, atMs);
      const result = { swapId: state.swap?.id ?? 'none', isDone: false, tookMs: 1 };
      const effects = onSwapEnded(state, { ...result, code: 'engine.out_of_memory' }, atMs + 1);
      if (atMs === 20_000) expect(words(effects)).toEqual(['end c1 engine.out_of_memory']);
    }
  });

  test('while one lane cannot be served the others are', () => {
    const state = startedState(LLAMA);
    onArrival(state, job('i1', IMAGES), 0);
    onArrival(state, job('c1', LLAMA), 1);
    expect(words(swapFailed(state, 100))).toEqual(['swap ollama:main:llama job_waiting']);
  });

  test('a node that is away keeps everybody waiting, for so long, and work goes on when it is back', () => {
    const state = startedState(LLAMA);
    onNodeAway(state, 1_000);
    expect(words(onArrival(state, job('c1', LLAMA, { submittedAtMs: 1_000 }), 1_000))).toEqual([]);
    expect(words(onNodeReport(state, report(state, LLAMA), 2_000))).toEqual(['grant c1']);
    const lost = startedState(LLAMA);
    onNodeAway(lost, 1_000);
    onArrival(lost, job('c1', LLAMA, { submittedAtMs: 5_000 }), 5_000);
    expect(words(onTick(lost, 304_999))).toEqual([]);
    expect(words(onTick(lost, 305_000))).toEqual(['end c1 gpu.wait_too_long']);
  });

  test('a process-manager that started anew ends the leases it does not know', () => {
    const state = startedState(LLAMA);
    const lease = hold(state, onArrival(state, job('c1', LLAMA), 0), 0);
    const restarted = report(state, null, { bootId: 'boot-2' });
    expect(words(onNodeReport(state, restarted, 1))).toEqual([`close ${lease} node_lost`]);
  });

  test('a swap that the node never heard of counts as failed, one still on its way does not', () => {
    const state = startedState(LLAMA);
    onArrival(state, job('i1', IMAGES), 0);
    onNodeReport(state, report(state, LLAMA), 1);
    expect(state.swap).not.toBeNull();
    onSwapAccepted(state, state.swap?.id ?? '');
    onNodeReport(state, report(state, null), 2);
    expect(state.swap).not.toBeNull();
    onNodeReport(state, report(state, null), 3);
    expect(state.swap).toBeNull();
  });

  test('a swap that waits behind another one, late or of a former leader, has not failed', () => {
    const state = startedState(LLAMA);
    onArrival(state, job('i1', IMAGES), 0);
    onSwapAccepted(state, state.swap?.id ?? '');
    const late = report(state, null, { swap: { swapId: 'swap-0-9', to: QWEN, phase: 'load' } });
    for (let n = 1; n < 5; n += 1) onNodeReport(state, late, n);
    expect(state.swap?.to).toEqual(IMAGES);
    expect(words(swapDone(state, 9))).toEqual(['grant i1']);
  });

  test('a report that was asked for before a swap ended does not undo it', () => {
    const state = startedState(LLAMA);
    onArrival(state, job('i1', IMAGES), 0);
    const swap = state.swap;
    const old = report(state, null, { swap: { swapId: swap?.id ?? '', to: IMAGES, phase: 'load' } });
    swapDone(state, 1);
    onNodeReport(state, old, 2);
    expect(state.visit?.lane).toEqual(IMAGES);
  });

  test('a job cancelled while its grant is carried out is closed as soon as it is granted', () => {
    const state = startedState(LLAMA);
    const [grant] = onArrival(state, job('c1', LLAMA), 0);
    const leaseId = grant?.do === 'grant' ? grant.leaseId : '';
    expect(words(onCancel(state, 'c1', 1))).toEqual([]);
    expect(words(onGranted(state, leaseId, 'boot-1', 2))).toEqual([`close ${leaseId} cancelled`]);
  });

  test('a job whose grant the guard refused waits on in its old place', () => {
    const state = startedState(LLAMA);
    const [grant] = onArrival(state, job('c1', LLAMA), 0);
    onArrival(state, job('c2', LLAMA), 1);
    const leaseId = grant?.do === 'grant' ? grant.leaseId : '';
    expect(words(onGrantFailed(state, leaseId, 'refused', 2))).toEqual([]);
    expect(words(onTick(state, 1_002))).toEqual(['grant c1']);
  });

  test('a grant that works makes good for refusals of before: pauses start anew, nobody is told of a failure', () => {
    const state = startedState(LLAMA);
    let nowMs = 0;
    for (let n = 0; n < 5; n += 1) {
      const [refused] = onArrival(state, job(`c${n}`, LLAMA), nowMs);
      onGrantFailed(state, refused?.do === 'grant' ? refused.leaseId : '', 'refused', nowMs);
      expect(nextWakeMs(state, nowMs)).toBe(nowMs + 1_000);
      nowMs += 1_000;
      const lease = hold(state, onTick(state, nowMs), nowMs);
      expect(state.lanes.size).toBe(0);
      release(state, lease, nowMs);
    }
  });

  test('a new leader waits for the leases it finds and keeps their fence', () => {
    const state = startedState(null);
    const found = { leaseId: '1-9', job: job('c0', LLAMA), fence: 7, grantedAtMs: 0, ending: null };
    onLeaseFound(state, found);
    expect(words(onNodeReport(state, report(state, LLAMA, { highestFence: 7 }), 1))).toEqual([]);
    expect(state.visit?.fence).toBe(7);
    expect(words(onArrival(state, job('i1', IMAGES), 2))).toEqual([]);
    expect(words(release(state, '1-9', 3))).toEqual(['finish c0 completed', 'swap comfyui job_waiting']);
    expect(state.swap?.fence).toBe(8);
  });
});
