import { expect, test } from '@jest/globals';
import { unlessAborted } from './unless-aborted.ts';

test('comes to what the work comes to', async () => {
  const { signal } = new AbortController();
  await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
});

test('an abort is not kept waiting by the work, before or meanwhile', async () => {
  const stop = new AbortController();
  const never = new Promise<never>(() => undefined);
  const waiting = unlessAborted(never, stop.signal);
  const reason = new Error('not wanted any more');
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(unlessAborted(never, stop.signal)).rejects.toBe(reason);
});

test('work that fails after an abort is nobody’s unhandled failure', async () => {
  const unhandled: unknown[] = [];
  const hear = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', hear);
  await expect(unlessAborted(Promise.reject(new Error('late')), AbortSignal.abort('left'))).rejects.toBe(
    'left',
  );
  await new Promise(setImmediate);
  process.off('unhandledRejection', hear);
  expect(unhandled).toEqual([]);
});
