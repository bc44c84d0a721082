import { expect, test } from '@jest/globals';
import type { GpuJob } from '@baton/contracts';
import { JobBook } from './job-book.ts';

const JOB = { kind: 'reply' } as GpuJob;

test('jobs of whom nothing more will be heard are forgotten; those that wait, run or are being ended are not', () => {
  const book = new JobBook();
  for (const id of ['waits', 'vanished', 'ends']) book.note(id, JOB);
  book.ends('ends');
  book.sweep((id) => id === 'waits');
  expect([...book.all.keys()]).toEqual(['waits', 'ends']);
  book.forget('ends');
  expect(book.isEnding('ends')).toBe(false);
  expect([...book.all.keys()]).toEqual(['waits']);
});

test('the first promise counts, and only for jobs that are there', () => {
  const book = new JobBook();
  book.note('a', JOB);
  book.promised('a', 100);
  book.promised('a', 900);
  book.promised('stranger', 1);
  expect([book.promise('a'), book.promise('stranger')]).toEqual([100, null]);
  book.sweep(() => false);
  expect(book.promise('a')).toBeNull();
});
