import { expect, test } from '@jest/globals';
import { AppError } from '@baton/kernel';
import { describeError } from './log.ts';

test('an AppError is logged with its code, its details and the chain of its causes', () => {
  const socket = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const error = new AppError(
    'engine.unavailable',
    { engine: 'ollama' },
    { cause: new Error('fetch failed', { cause: socket }) },
  );
  expect(describeError(error)).toMatchObject({
    code: 'engine.unavailable',
    details: { engine: 'ollama' },
    cause: {
      message: 'fetch failed',
      cause: { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
    },
  });
});

test('what drivers hang on their errors stays out of the log', () => {
  const error = Object.assign(new Error('SQLITE_CONSTRAINT'), {
    parameters: ['my secret question'],
    config: { headers: { authorization: 'Bearer s3cret' }, data: 'my secret question' },
  });
  expect(JSON.stringify(describeError(new AppError('store.unavailable', {}, { cause: error })))).not.toMatch(
    /secret|s3cret/,
  );
  expect(JSON.stringify(describeError({ body: 'my secret question' }))).not.toContain('secret');
});

test('an endless chain of causes ends', () => {
  const error = new Error('again');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).length).toBeLessThan(20_000);
});
