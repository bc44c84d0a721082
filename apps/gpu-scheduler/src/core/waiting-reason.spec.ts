import { expect, test } from '@jest/globals';
import { onArrival, onSwapEnded, onSwapPhase } from './facts.ts';
import { onNodeAway } from './node.ts';
import type { GpuState } from './state.ts';
import { IMAGES, LLAMA, job, startedState } from './testing.ts';
import { waitingReason } from './waiting-reason.ts';

function why(state: GpuState, id: string): string {
  const waiting = state.jobs.get(id);
  if (waiting === undefined) throw new Error(`${id} does not wait`);
  const { code, holder } = waitingReason(state, waiting);
  return `${code} ${holder?.engine ?? 'nobody'}`;
}

test('each waiting job knows what it waits for', () => {
  const state = startedState(LLAMA);
  onArrival(state, job('c1', LLAMA), 0);
  onArrival(state, job('c2', LLAMA), 1);
  onArrival(state, job('i1', IMAGES), 2);
  expect(why(state, 'c2')).toBe('ahead_in_queue ollama');
  expect(why(state, 'i1')).toBe('other_engine_busy ollama');
  onNodeAway(state, 3);
  expect(why(state, 'c2')).toBe('engine_unavailable nobody');
});

test('during a hand-over it is the hand-over, then the engine that starts, and after a failure the engine', () => {
  const state = startedState(LLAMA);
  onArrival(state, job('i1', IMAGES), 0);
  expect(why(state, 'i1')).toBe('swap_under_way ollama');
  const swapId = state.swap?.id ?? '';
  onSwapPhase(state, swapId, 'start');
  expect(why(state, 'i1')).toBe('engine_starting nobody');
  onSwapEnded(state, { swapId, isDone: false, tookMs: null }, 1);
  expect(why(state, 'i1')).toBe('engine_unavailable nobody');
});
