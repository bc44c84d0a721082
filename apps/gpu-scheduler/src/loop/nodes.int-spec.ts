import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gpuKeys, gpuQueueName, type Lane } from '@baton/contracts';
import { GpuLeases, type Lease } from '@baton/gpu-lease';
import { systemClock, type Clock } from '@baton/kernel';
import { eventually, startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { CHAT, IMAGE, Stack } from '../testing/stack.ts';

const QWEN: Lane = { ...CHAT, model: 'qwen' };
const GUARDS = [
  { node: 'gpu0', guardBaseUrl: 'http://guard0' },
  { node: 'gpu1', guardBaseUrl: 'http://guard1' },
];

let first: Stack;
let second: Stack;
let users: GpuLeases;
let jobs = 0;

/** Two GPUs, each with its process-manager, leader and standby; users who know both. */
beforeEach(async () => {
  const { url } = await startRedis();
  first = new Stack(url, { node: 'gpu0', owner: CHAT });
  second = new Stack(url, { node: 'gpu1', owner: IMAGE });
  await Promise.all([first.start(), second.start()]);
  users = newUsers();
  await eventually(
    async () => (await first.redis.exists(gpuKeys('gpu0').status, gpuKeys('gpu1').status)) === 2,
  );
});
afterEach(async () => {
  await users.close();
  await first.close();
  await second.close();
});

function newUsers(redis = first.connect(), clock: Clock = systemClock): GpuLeases {
  return new GpuLeases({ nodes: GUARDS, clock, log: first.log, redis });
}

function use<T>(
  lane: Lane,
  work: (lease: Lease) => Promise<T>,
  more: { readonly jobId?: string; readonly by?: GpuLeases; readonly signal?: AbortSignal } = {},
): Promise<T> {
  jobs += 1;
  const job = { lane, kind: 'reply', userId: 1, messageId: jobs, chatId: 1, estimateMs: 5_000 } as const;
  const { jobId = `reply-${jobs}-1`, by = users, signal = new AbortController().signal } = more;
  return by.withLease({ jobId, job, signal }, work);
}

const where = (lease: Lease): Promise<string> => Promise.resolve(lease.guard.url);

describe('two GPUs', () => {
  test('jobs go to the one that has their model, through its own guard', async () => {
    await expect(use(CHAT, where)).resolves.toBe('http://guard0/engines/ollama');
    await expect(use(IMAGE, where)).resolves.toBe('http://guard1/engines/comfyui');
    await expect(use(CHAT, where)).resolves.toBe('http://guard0/engines/ollama');
    expect([first.node.swaps, second.node.swaps]).toEqual([[], []]);
  });

  test('a job of a third lane goes to the one that is free', async () => {
    const held = Promise.withResolvers<null>();
    const begun = Promise.withResolvers<null>();
    const chat = use(CHAT, async () => {
      begun.resolve(null);
      await held.promise;
    });
    await begun.promise;
    await expect(use(QWEN, where)).resolves.toBe('http://guard1/engines/ollama');
    expect(second.node.swaps).toEqual(['ollama:main:qwen']);
    held.resolve(null);
    await chat;
    expect(first.node.swaps).toEqual([]);
  });

  test('serve at the same time, each its own, and neither lets two lanes in', async () => {
    const lanes = [CHAT, IMAGE, QWEN];
    let together = 0;
    // Nobody ends before two of them work at the same time.
    const two = Promise.withResolvers<null>();
    const served = await Promise.all(
      Array.from({ length: 45 }, (_, n) =>
        use(lanes[n % 3] ?? CHAT, async (lease) => {
          together += 1;
          if (together > 1) two.resolve(null);
          await two.promise;
          together -= 1;
          return lease.guard.url.slice(0, 13);
        }),
      ),
    );
    expect(new Set(served)).toEqual(new Set(['http://guard0', 'http://guard1']));
    expect([first.node.maxLanesAtOnce, second.node.maxLanesAtOnce]).toEqual([1, 1]);
  });

  test('a job that is submitted again after a crash goes where it was, although the other one is free by then', async () => {
    const held = await first.hold(CHAT);
    const dying = first.connect();
    const crashed = newUsers(dying);
    const end = new AbortController();
    const lost = use(CHAT, where, { jobId: 'reply-77-1', by: crashed, signal: end.signal });
    lost.catch(() => undefined);
    const queue = new Queue(gpuQueueName('gpu0'), { connection: first.redis });
    await eventually(() => queue.getJob('reply-77-1'));
    await dying.onApplicationShutdown();
    // Its node gets a long queue; a new job of this model would go to the other one.
    const others = Array.from({ length: 6 }, () => first.use(CHAT, () => Promise.resolve()));
    await eventually(async () => (await queue.getPrioritizedCount()) === 7);
    let runs = 0;
    const again = use(
      CHAT,
      (lease) => {
        runs += 1;
        return where(lease);
      },
      { jobId: 'reply-77-1' },
    );
    held.end();
    await expect(again).resolves.toBe('http://guard0/engines/ollama');
    await Promise.all(others);
    expect(runs).toBe(1);
    // Only to take its timers away: nobody hears it any more.
    end.abort();
    await expect(lost).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    await crashed.close();
    await queue.close();
  });
});

test('a node that cannot serve gets no new jobs', async () => {
  first.node.isAway = true;
  await eventually(async () => (await first.redis.get(gpuKeys('gpu0').status))?.includes('"unavailable"'));
  await expect(use(CHAT, where)).resolves.toBe('http://guard1/engines/ollama');
});

test('a job whose node stays away goes to another one, and is served there, once', async () => {
  // Half a minute in three seconds.
  const quick: Clock = {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * 10,
    after: (ms, run) => systemClock.after(ms / 10, run),
  };
  const patient = newUsers(first.connect(), quick);
  const held = await first.hold(CHAT);
  let runs = 0;
  const job = use(
    CHAT,
    (lease) => {
      runs += 1;
      return where(lease);
    },
    { by: patient },
  );
  const queue = new Queue(gpuQueueName('gpu0'), { connection: first.redis });
  await eventually(async () => (await queue.getPrioritizedCount()) === 1);
  first.node.isAway = true;
  await expect(job).resolves.toBe('http://guard1/engines/ollama');
  first.node.isAway = false;
  held.end();
  await held.done;
  await expect(queue.getPrioritizedCount()).resolves.toBe(0);
  expect(runs).toBe(1);
  await patient.close();
  await queue.close();
}, 30_000);
