import { expect, test } from '@jest/globals';
import { AppError } from '@baton/kernel';
import { z } from 'zod';
import { createValidationPipe } from './validation.pipe.ts';

const schema = z.strictObject({
  text: z.string().min(1).max(5),
  inner: z.strictObject({ n: z.int() }).optional(),
});

async function issuesOf(value: unknown): Promise<AppError['issues']> {
  try {
    await createValidationPipe().transform(value, { type: 'body', schema } as never);
  } catch (error) {
    if (error instanceof AppError) return error.issues;
    throw error;
  }
  return [];
}

test.each([
  [{ text: 'fits' }, []],
  [{}, ['text']],
  [{ text: '' }, ['text']],
  [{ text: 'too long for this' }, ['text']],
  [{ text: 5 }, ['text']],
  [{ text: 'a', extra: 1, more: 2 }, ['extra', 'more']],
  [{ text: 'a', inner: { n: 1, m: 2 } }, ['inner.m']],
  [{ text: 'a', inner: { n: 'x' } }, ['inner.n']],
  [null, ['']],
])('%j names the wrong fields %j', async (value, fields) => {
  expect((await issuesOf(value)).map(({ path }) => path)).toEqual(fields);
});
