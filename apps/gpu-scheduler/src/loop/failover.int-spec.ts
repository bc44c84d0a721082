import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gpuKeys, gpuQueueName, type Lane } from '@baton/contracts';
import { eventually, startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import type { SchedulerService } from './scheduler.service.ts';
import { CHAT, IMAGE, NODE, Stack } from '../testing/stack.ts';

const KEYS = gpuKeys(NODE);
const SERVED = (): Promise<string> => Promise.resolve('served');

let stack: Stack;
let queue: Queue;
let leader: SchedulerService;
let standby: SchedulerService;

beforeEach(async () => {
  stack = new Stack((await startRedis()).url);
  queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
  ({ leader, standby } = await stack.start());
});
afterEach(async () => {
  await queue.close();
  await stack.close();
});

/** What must be true in the end, whatever was killed: nobody was let in beside another lane, and nothing is left over. */
async function expectOrder(jobs: { readonly completed: number; readonly failed?: number }): Promise<void> {
  await eventually(async () => {
    const counts = await queue.getJobCounts('completed', 'failed', 'active', 'wait', 'prioritized');
    expect(counts).toEqual({
      completed: jobs.completed,
      failed: jobs.failed ?? 0,
      active: 0,
      wait: 0,
      prioritized: 0,
    });
    return true;
  });
  await eventually(() => stack.node.admitted.size === 0);
  await eventually(async () => (await stack.redis.zcard(KEYS.leases)) === 0);
  expect(stack.node.maxLanesAtOnce).toBe(1);
  expect(stack.node.fences).toEqual([...stack.node.fences].sort((a, b) => a - b));
}

async function standbyLeads(): Promise<void> {
  await eventually(() => standby.isLeader, { timeoutMs: 6_000 });
}

/** The node answers this call only after `open`: whoever asked is stuck in the middle of an act. */
function closeGate(call: 'admit' | 'revoke' | 'startSwap'): {
  /** How many stand before it. */
  readonly reached: () => number;
  readonly open: () => void;
} {
  const gate = Promise.withResolvers<null>();
  let reached = 0;
  stack.node.before = async (name) => {
    if (name !== call) return;
    reached += 1;
    await gate.promise;
  };
  return {
    reached: () => reached,
    open: () => {
      stack.node.before = () => Promise.resolve();
      gate.resolve(null);
    },
  };
}

describe('the leader is killed', () => {
  test('while a job waits: the standby serves it', async () => {
    const held = await stack.hold(CHAT);
    const waiting = stack.use(CHAT, SERVED);
    await eventually(async () => (await leader.status()).waiting === 1);
    await stack.kill(leader);
    await standbyLeads();
    held.end();
    await expect(waiting).resolves.toBe('served');
    await expectOrder({ completed: 2 });
  });

  test('while a job is claimed and not granted: it waits again and is served once', async () => {
    const gate = closeGate('admit');
    let runs = 0;
    const claimed = stack.use(CHAT, () => {
      runs += 1;
      return SERVED();
    });
    await eventually(async () => gate.reached() > 0 && (await queue.getActiveCount()) === 1);
    await stack.kill(leader);
    gate.open();
    await expect(claimed).resolves.toBe('served');
    expect(runs).toBe(1);
    await expectOrder({ completed: 1 });
  });

  test('while a swap is under way: the standby waits for its end and serves', async () => {
    stack.node.swapMs = 4_000;
    const image = stack.use(IMAGE, SERVED);
    await eventually(() => stack.node.swaps.length === 1);
    await stack.kill(leader);
    await standbyLeads();
    await expect(image).resolves.toBe('served');
    expect(stack.node.swaps).toEqual(['comfyui']);
    await expectOrder({ completed: 1 });
  });

  test('before the node has heard of its swap: the standby swaps under a higher fence', async () => {
    const gate = closeGate('startSwap');
    const image = stack.use(IMAGE, (lease) => Promise.resolve(lease.fence));
    await eventually(() => gate.reached() > 0);
    const lost = Number(await stack.redis.get(KEYS.fence));
    await stack.kill(leader);
    await standbyLeads();
    // The lost order may still arrive, but not before there is a newer one: alone it would be carried out, and adopted.
    await eventually(() => gate.reached() > 1);
    gate.open();
    await expect(image).resolves.toBeGreaterThan(lost);
    await expectOrder({ completed: 1 });
  });

  test('while work runs: it runs on under its lease, and the standby ends the job', async () => {
    const held = await stack.hold(CHAT);
    await stack.kill(leader);
    await standbyLeads();
    expect(held.lease.signal.aborted).toBe(false);
    held.end();
    await held.done;
    await expectOrder({ completed: 1 });
  });

  test('when the work is done and the door not yet shut: the standby shuts it before anybody else is let in', async () => {
    const held = await stack.hold(CHAT);
    stack.node.holdOpen.add(held.lease.leaseId);
    held.end();
    await held.done;
    const next = stack.use(IMAGE, SERVED);
    await eventually(
      async () => (await stack.redis.hget(KEYS.lease(held.lease.leaseId), 'state')) === 'released',
    );
    await stack.kill(leader);
    await standbyLeads();
    expect(stack.node.admitted.has(held.lease.leaseId)).toBe(true);
    stack.node.holdOpen.clear();
    await expect(next).resolves.toBe('served');
    await expectOrder({ completed: 2 });
  });

  test('with the wish to cancel a running job unheard: the standby carries it out', async () => {
    const stop = new AbortController();
    const held = await stack.hold(CHAT, { signal: stop.signal });
    await stack.kill(leader);
    stop.abort();
    await expect(held.done).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    await standbyLeads();
    await expectOrder({ completed: 0, failed: 1 });
  });
});

describe('a leader that was paused and wakes up', () => {
  test.each([
    ['a grant', 'admit', CHAT],
    ['a swap', 'startSwap', IMAGE],
  ] as const)(
    'in the middle of %s can do nothing: the job is served once, by its successor',
    async (_, call, lane) => {
      const gate = closeGate(call);
      let runs = 0;
      const asked = stack.use(lane, () => {
        runs += 1;
        return SERVED();
      });
      await eventually(() => gate.reached() > 0);
      stack.stun(leader);
      await standbyLeads();
      gate.open();
      await expect(asked).resolves.toBe('served');
      await eventually(() => !leader.isLeader);
      expect(runs).toBe(1);
      await expectOrder({ completed: 1 });
    },
  );

  test('after its successor has begun can end, claim or cancel nobody, and stands by from then on', async () => {
    const held = await stack.hold(CHAT);
    const stop = new AbortController();
    const unwanted = stack.use(CHAT, SERVED, { signal: stop.signal });
    await eventually(async () => (await leader.status()).waiting === 1);
    stack.stun(leader);
    await standbyLeads();
    // Both hear of all this; only one may act on it.
    stop.abort();
    await expect(unwanted).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    held.end();
    await held.done;
    const others = await Promise.all([1, 2, 3].map(() => stack.use(CHAT, SERVED)));
    expect(others).toEqual(['served', 'served', 'served']);
    await eventually(() => !leader.isLeader);
    await expectOrder({ completed: 4, failed: 1 });
  });

  test('many times in a row, with work of three lanes: all is served, each once', async () => {
    const lanes: Lane[] = [CHAT, IMAGE, { ...CHAT, model: 'qwen' }];
    const runs = new Map<number, number>();
    const work = Array.from({ length: 60 }, (_, n) =>
      stack.use(lanes[n % 3] ?? CHAT, () => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
        return SERVED();
      }),
    );
    stack.stun(leader);
    await standbyLeads();
    const third = stack.scheduler();
    stack.stun(standby);
    await eventually(() => third.isLeader, { timeoutMs: 6_000 });
    await Promise.all(work);
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    await expectOrder({ completed: 60 });
  });
});

test('a leader that stops in order hands over at once', async () => {
  const held = await stack.hold(CHAT);
  const startedAt = performance.now();
  await leader.stop();
  await eventually(() => standby.isLeader);
  expect(performance.now() - startedAt).toBeLessThan(1_400);
  held.end();
  await held.done;
  await expectOrder({ completed: 1 });
});
