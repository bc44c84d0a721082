import { expect, test } from '@jest/globals';
import { gpuKeys, type Lane } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import type { Redis } from 'ioredis';
import { PlacementStore } from './placement.store.ts';

const LLAMA: Lane = { engine: 'ollama', instance: 'main', model: 'llama' };
const IMAGES: Lane = { engine: 'comfyui' };

/** Two idle nodes, of which the schedulers have not told anything new since. */
function store(): PlacementStore {
  const keys = new Map<string, string>();
  for (const node of ['gpu0', 'gpu1']) {
    const idle = { node, phase: 'idle', holder: null, holder_since_ms: null, swap: null, last_swap: null };
    const nobody = { running: 0, waiting: 0, card: null, engines: [], at_ms: 1 };
    keys.set(gpuKeys(node).status, JSON.stringify({ ...idle, ...nobody }));
    keys.set(gpuKeys(node).leader, 'somebody');
  }
  const redis: Pick<Redis, 'get'> & { set: (key: string, value: string) => Promise<string> } = {
    get: (key) => Promise.resolve(keys.get(String(key)) ?? null),
    set: (key, value) => {
      keys.set(key, value);
      return Promise.resolve('OK');
    },
  };
  return new PlacementStore(redis as unknown as Redis, ['gpu0', 'gpu1'], new FakeClock());
}

test('a job of ours counts where it was placed before the scheduler tells of it', async () => {
  const placement = store();
  const { signal } = new AbortController();
  await expect(placement.place('a', LLAMA, signal)).resolves.toBe('gpu0');
  await expect(placement.place('b', IMAGES, signal)).resolves.toBe('gpu1');
  await expect(placement.place('a', LLAMA, signal)).resolves.toBe('gpu0');
});

test('one whose waiter left while it was being placed counts nowhere', async () => {
  const placement = store();
  await expect(placement.place('left', LLAMA, AbortSignal.abort())).resolves.toBe('gpu0');
  await expect(placement.place('next', IMAGES, new AbortController().signal)).resolves.toBe('gpu0');
});
