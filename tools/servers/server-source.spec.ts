import { expect, test } from '@jest/globals';
import { chooseSource } from './server-source.ts';

const yes = (): Promise<boolean> => Promise.resolve(true);
const no = (): Promise<boolean> => Promise.resolve(false);

test('an installed program is used and no container runtime is asked', async () => {
  const neverAsked = (): Promise<boolean> => Promise.reject(new Error('asked'));
  await expect(chooseSource('/usr/bin/redis-server', neverAsked)).resolves.toEqual({
    kind: 'program',
    program: '/usr/bin/redis-server',
  });
});

test('without the program it is a container, where one can run', async () => {
  await expect(chooseSource(null, yes)).resolves.toEqual({ kind: 'container' });
});

test('without either there is no server', async () => {
  await expect(chooseSource(null, no)).resolves.toBeNull();
});
