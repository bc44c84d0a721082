import { expect, test } from '@jest/globals';
import type { ServerView } from './answer-place.ts';
import { inOrderOfPreference } from './preference.ts';

type Given = Partial<Pick<ServerView, 'state' | 'breaker' | 'running' | 'waiting' | 'max_concurrent'>> & {
  readonly isLoaded?: boolean;
};

function candidate(server: string, { isLoaded = false, ...given }: Given = {}) {
  const kind = server === 'main' ? ('gpu' as const) : ('elsewhere' as const);
  const model = {
    ...{ model: 'llama3:latest', size_bytes: 1, parameter_size: null, quantization: null },
    ...{ context_length: null, capabilities: [], loaded: isLoaded, loaded_bytes: null },
  };
  const view: ServerView = {
    ...{ id: server, place: kind, url: null, state: 'up', breaker: 'closed', checked_at: null },
    ...{ error_code: null, simulated: false, capabilities: [], default_model: null },
    ...{ max_concurrent: 1, running: 0, waiting: 0, models: [model], isListCertain: true },
    ...given,
  };
  return { place: { server, kind }, view };
}

const order = (...candidates: ReturnType<typeof candidate>[]): string[] =>
  inOrderOfPreference(candidates, 'llama3:latest').map(({ place }) => place.server);

test('first who has the model in memory, then who is least busy', () => {
  expect(order(candidate('1'), candidate('2', { isLoaded: true, running: 1, waiting: 5 }))).toEqual([
    '2',
    '1',
  ]);
  expect(order(candidate('1', { running: 1 }), candidate('2', { running: 1, max_concurrent: 4 }))).toEqual([
    '2',
    '1',
  ]);
});

test('who does not answer, or is left alone by its breaker, comes last', () => {
  const down = candidate('1', { state: 'down', isLoaded: true });
  const open = candidate('2', { breaker: 'open', isLoaded: true });
  expect(order(down, open, candidate('3', { running: 1 }))).toEqual(['3', '1', '2']);
  expect(order(candidate('1', { state: 'checking' }), down)).toEqual(['1', '1']);
});

test('among equals a GPU of its own goes before the shared one, then the number', () => {
  expect(order(candidate('main'), candidate('1'), candidate('2'))).toEqual(['1', '2', 'main']);
  expect(order(candidate('main', { isLoaded: true }), candidate('1'))).toEqual(['main', '1']);
});
