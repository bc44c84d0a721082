import { expect, test } from '@jest/globals';
import type { ReplyEvent, WaitingView } from '@baton/contracts';
import { WaitingState, waitingEvent } from './waiting-state.ts';

const VIEW: WaitingView = {
  jobId: 'reply-2-1',
  stage: 'queued',
  position: 3,
  reason: { code: 'ahead_in_queue', holder: null },
  etaP50Ms: 4_000,
  etaP90Ms: 9_000,
  swap: null,
};

test('a waiting job tells its place, its reason and how long it may take', () => {
  expect(waitingEvent(VIEW, 'm')).toEqual({
    type: 'state',
    state: 'queued',
    position: 3,
    reason: VIEW.reason,
    eta_p50_ms: 4_000,
    eta_p90_ms: 9_000,
  });
});

test('a job that waits for a swap tells from where to where and which step', () => {
  const swap = {
    from: { engine: 'comfyui', model: null },
    to: { engine: 'ollama', model: 'm' },
    phase: 'free',
  } as const;
  expect(waitingEvent({ ...VIEW, stage: 'swapping', swap }, 'm')).toEqual({
    type: 'state',
    state: 'swapping',
    ...swap,
  });
});

test('a job whose model is being loaded tells which', () => {
  expect(waitingEvent({ ...VIEW, stage: 'loading' }, 'm')).toEqual({
    type: 'state',
    state: 'loading',
    model: 'm',
  });
});

test('what was said last is not said again', () => {
  const told: ReplyEvent[] = [];
  const state = new WaitingState((event) => told.push(event));
  state.waiting(VIEW, 'm');
  state.waiting(VIEW, 'm');
  state.waiting({ ...VIEW, position: 2 }, 'm');
  state.say({ type: 'state', state: 'streaming' });
  expect(
    told.map((event) => (event.type === 'state' && event.state === 'queued' ? event.position : event)),
  ).toEqual([3, 2, { type: 'state', state: 'streaming' }]);
  expect(state.state).toBe('streaming');
});
