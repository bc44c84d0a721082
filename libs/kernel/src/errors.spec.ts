import { expect, test } from '@jest/globals';
import { AppError, ERRORS, codeOf, isErrorCode } from './errors.ts';

test('every code names its owner and has a status and a sentence fit for a user', () => {
  for (const [code, spec] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^(internal|[a-z]+\.[a-z_]+)$/);
    expect(spec.http).toBeGreaterThanOrEqual(400);
    expect(spec.http).toBeLessThan(600);
    expect(spec.say).toMatch(/^[A-Z].*\.$/);
    expect(spec.say).not.toMatch(/https?:|\/[a-z]+\/|undefined/);
  }
});

test('anything thrown has a code, and details stay off the message', () => {
  const error = new AppError('gpu.lease_lost', { leaseId: 'x' }, { cause: new Error('socket') });
  expect(codeOf(error)).toBe('gpu.lease_lost');
  expect(codeOf(new Error('boom'))).toBe('internal');
  expect(error.message).toBe('gpu.lease_lost');
  expect(error.spec.http).toBe(409);
  expect(isErrorCode('toString')).toBe(false);
});
