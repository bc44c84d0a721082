import { expect, test } from '@jest/globals';
import { midStreamFailure, refusalOf } from './ollama-failure.ts';

const native = (error: string): string => JSON.stringify({ error });

test.each([
  [404, native("model 'x:latest' not found"), 'model.unknown'],
  [400, native('invalid model name'), 'engine.rejected'],
  [400, native('"x" does not support chat'), 'engine.rejected'],
  [403, native('ollama cloud is disabled: remote model'), 'engine.rejected'],
  [500, native('llama-server process has terminated: exit status 1'), 'engine.failed'],
  [500, native('llama-server reported out-of-memory during startup: …'), 'engine.out_of_memory'],
  [500, native('CUDA error: out of memory'), 'engine.out_of_memory'],
  [503, native('server busy, please try again.  maximum pending requests exceeded'), 'engine.unavailable'],
  [502, '<html>Bad Gateway</html>', 'engine.unavailable'],
  [500, '', 'engine.failed'],
  [409, JSON.stringify({ code: 'gpu.stale_fence', title: 'This GPU turn is over.' }), 'gpu.lease_lost'],
  [403, JSON.stringify({ code: 'gpu.lease_required' }), 'gpu.lease_lost'],
  [503, JSON.stringify({ code: 'engine.unavailable' }), 'engine.unavailable'],
  [500, JSON.stringify({ error: null, code: 17 }), 'engine.failed'],
])('%i with %s is %s', (status, body, code) => {
  expect(refusalOf(status, body).code).toBe(code);
});

test('the words of a child process are found inside the error text', () => {
  const inner = JSON.stringify({ error: { code: 500, message: 'CUDA out of memory', type: 'server_error' } });
  expect(refusalOf(500, native(inner))).toMatchObject({
    code: 'engine.out_of_memory',
    details: { engineError: 'CUDA out of memory' },
  });
});

test('what goes to the log is short, however long the answer', () => {
  const { details } = refusalOf(500, 'x'.repeat(100_000));
  expect(String(details['engineError'])).toHaveLength(300);
});

test('an error line in a stream is told from running out of memory', () => {
  expect(midStreamFailure('an error was encountered while running the model: EOF').code).toBe(
    'engine.failed',
  );
  expect(midStreamFailure('cudaMalloc failed: out of memory').code).toBe('engine.out_of_memory');
});
