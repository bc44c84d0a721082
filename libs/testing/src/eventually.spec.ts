import { expect, test } from '@jest/globals';
import { eventually } from './eventually.ts';

test('resolves with the first truthy value', async () => {
  const answers = [0, null, 'there'];
  await expect(eventually(() => answers.shift(), { everyMs: 1 })).resolves.toBe('there');
});

test('a look that throws is repeated, and a look with expectations passes once they hold', async () => {
  let looks = 0;
  const look = (): boolean => {
    looks += 1;
    expect(looks).toBe(3);
    return true;
  };
  await expect(eventually(look, { everyMs: 1 })).resolves.toBe(true);
});

test('at the deadline the error says what was seen last', async () => {
  await expect(eventually(() => 0, { timeoutMs: 5, everyMs: 1 })).rejects.toThrow('the last look gave 0');
});

test('at the deadline the error carries the last failure', async () => {
  const cause = new Error('the queue is empty');
  const failing = eventually(() => Promise.reject(cause), { timeoutMs: 5, everyMs: 1 });
  await expect(failing).rejects.toMatchObject({
    message: expect.stringContaining('the queue is empty'),
    cause,
  });
});
