import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gpuKeys, gpuQueueName, type Lane, type WaitingView } from '@baton/contracts';
import { GpuLeases } from '@baton/gpu-lease';
import { systemClock } from '@baton/kernel';
import { eventually, startPrivateRedis, startRedis } from '@baton/testing';
import { Queue } from 'bullmq';
import { LeaseStore } from '../leases/lease.store.ts';
import { JobStore } from '../queue/job.store.ts';
import { CHAT, IMAGE, NODE, Stack } from '../testing/stack.ts';

let stack: Stack;

describe('on a Redis that stays', () => {
  beforeEach(async () => {
    stack = new Stack((await startRedis()).url);
  });
  afterEach(async () => {
    await stack.close();
  });

  test('a chat for the resident model gets a lease with a way through the guard, and its job is completed', async () => {
    await stack.start();
    const lease = await stack.use(CHAT, (held) => Promise.resolve(held));
    expect(lease.guard).toEqual({
      url: 'http://guard/engines/ollama',
      headers: { 'x-baton-lease': lease.leaseId, 'x-baton-fence': String(lease.fence) },
    });
    expect(lease.timeline.swap).toBeNull();
    const queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
    await eventually(async () => (await queue.getJob('reply-1-1'))?.finishedOn);
    await expect(queue.getJobState('reply-1-1')).resolves.toBe('completed');
    await eventually(() => stack.node.admitted.size === 0);
    await queue.close();
  });

  test('an image waits for a swap, is told so, and carries the record of it; the fence grows', async () => {
    await stack.start();
    stack.node.swapMs = 150;
    const chat = await stack.use(CHAT, (held) => Promise.resolve(held));
    const views: WaitingView[] = [];
    const image = await stack.use(IMAGE, (held) => Promise.resolve(held), {
      onWaiting: (view) => views.push(view),
    });
    expect(image.fence).toBeGreaterThan(chat.fence);
    expect(image.timeline.swap?.to).toEqual({ engine: 'comfyui', model: null });
    expect(views.map(({ stage }) => stage)).toContain('swapping');
    expect(views[0]).toMatchObject({ position: 1, reason: { code: 'swap_under_way' } });
  });

  test('many jobs of three lanes: every one is served, and never two lanes are let in at once', async () => {
    await stack.start({ ollamaSlots: 3 });
    const lanes: Lane[] = [CHAT, IMAGE, { ...CHAT, model: 'qwen' }];
    const served = await Promise.all(
      Array.from({ length: 45 }, (_, n) =>
        stack.use(
          lanes[n % 3] ?? CHAT,
          () => new Promise<number>((resolve) => setImmediate(() => resolve(n))),
        ),
      ),
    );
    expect(served).toHaveLength(45);
    expect(stack.node.maxLanesAtOnce).toBe(1);
    expect(stack.node.swaps.length).toBeLessThan(12);
  });

  test('a job cancelled while it waits is gone at once and never granted', async () => {
    await stack.start();
    const holder = await stack.hold(CHAT);
    const stop = new AbortController();
    let isGranted = false;
    const waiting = stack.use(
      CHAT,
      () => {
        isGranted = true;
        return Promise.resolve();
      },
      { signal: stop.signal, onWaiting: () => stop.abort() },
    );
    await expect(waiting).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    await eventually(async () => (await stack.redis.scard(gpuKeys(NODE).cancels)) === 0);
    holder.end();
    await holder.done;
    await stack.use(CHAT, () => Promise.resolve());
    expect(isGranted).toBe(false);
  });

  test('a job cancelled while it runs loses its lease and the door is shut', async () => {
    await stack.start();
    const stop = new AbortController();
    const held = await stack.hold(CHAT, { signal: stop.signal });
    expect(stack.node.admitted.has(held.lease.leaseId)).toBe(true);
    stop.abort();
    await expect(held.done).rejects.toMatchObject({ code: 'gpu.job_cancelled' });
    await eventually(() => !stack.node.admitted.has(held.lease.leaseId));
    await eventually(async () => (await stack.redis.zcard(gpuKeys(NODE).leases)) === 0);
  });

  test('a holder that dies loses its lease after its time, and nobody is let in before the guard has shut its door', async () => {
    await stack.start();
    const dying = stack.connect();
    const holder = new GpuLeases({
      nodes: [{ node: NODE, guardBaseUrl: 'http://guard' }],
      clock: systemClock,
      log: stack.log,
      redis: dying,
    });
    const held = await stack.hold(CHAT, { holder });
    stack.node.holdOpen.add(held.lease.leaseId);
    await dying.onApplicationShutdown();
    await expect(held.done).rejects.toMatchObject({ code: 'gpu.lease_lost' });
    let isNextGranted = false;
    const next = stack.use(IMAGE, () => {
      isNextGranted = true;
      return Promise.resolve();
    });
    await eventually(
      async () => (await stack.redis.hget(gpuKeys(NODE).lease(held.lease.leaseId), 'state')) === 'revoked',
      { timeoutMs: 8_000 },
    );
    expect(isNextGranted).toBe(false);
    stack.node.holdOpen.clear();
    await next;
    expect(stack.node.maxLanesAtOnce).toBe(1);
    await holder.close();
  }, 20_000);

  test('who has as many waiting as one may have is told at once, and the queue shows why', async () => {
    await stack.start({ maxWaitingPerUser: 2 });
    const held = await stack.hold(CHAT);
    const waiting = [1, 2].map(() => stack.use(CHAT, () => Promise.resolve('served')));
    const queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
    await eventually(async () => (await queue.getPrioritizedCount()) === 2);
    await expect(stack.use(CHAT, () => Promise.resolve(), { jobId: 'one-too-many' })).rejects.toMatchObject({
      code: 'gpu.user_limit',
      details: { expectedWaitMs: expect.any(Number) },
    });
    const refused = await queue.getJob('one-too-many');
    expect(refused?.failedReason).toBe('gpu.user_limit');
    held.end();
    await expect(Promise.all(waiting)).resolves.toEqual(['served', 'served']);
    await queue.close();
  });

  test('an engine that does not come up: those who wait are told after some tries', async () => {
    await stack.start();
    stack.node.failingSwaps = 3;
    await expect(stack.use(IMAGE, () => Promise.resolve())).rejects.toMatchObject({
      code: 'engine.start_failed',
    });
    expect(stack.node.swaps).toEqual(['comfyui', 'comfyui', 'comfyui']);
    await stack.use(CHAT, () => Promise.resolve());
  });

  test('while the process-manager is away jobs wait and say why; when it is back they go on', async () => {
    const { leader: scheduler } = await stack.start();
    stack.node.isAway = true;
    await eventually(async () => (await scheduler.status()).phase === 'unavailable');
    const views: WaitingView[] = [];
    const chat = stack.use(CHAT, () => Promise.resolve(), { onWaiting: (view) => views.push(view) });
    await eventually(() => views.some(({ reason }) => reason.code === 'engine_unavailable'));
    stack.node.isAway = false;
    await chat;
  });

  test('a process-manager that was killed takes its leases with it', async () => {
    await stack.start();
    const held = await stack.hold(CHAT);
    await stack.node.restart();
    await expect(held.done).rejects.toMatchObject({ code: 'gpu.lease_lost' });
    await stack.use(CHAT, () => Promise.resolve());
  });

  test('the leader is killed: the standby adopts the lease that runs, serves those who wait, and refuses the dead one', async () => {
    const { leader, standby } = await stack.start();
    const held = await stack.hold(CHAT);
    const waiting = stack.use(IMAGE, (lease) => Promise.resolve(lease));
    await eventually(async () => (await leader.status()).waiting === 1);
    const deadEpoch = Number(await stack.redis.get(gpuKeys(NODE).epoch));
    await stack.kill(leader);
    await eventually(() => standby.isLeader, { timeoutMs: 4_000 });
    expect(held.lease.signal.aborted).toBe(false);
    const zombie = new LeaseStore(stack.redis, NODE);
    await expect(zombie.useFence(deadEpoch, 1_000)).rejects.toThrow('another scheduler leads');
    await expect(zombie.publish(deadEpoch, [], null)).rejects.toThrow('another scheduler leads');
    held.end();
    await held.done;
    const image = await waiting;
    expect(image.fence).toBeGreaterThan(held.lease.fence);
    expect(stack.node.maxLanesAtOnce).toBe(1);
    const queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
    await eventually(async () => (await queue.getJobCounts('completed'))['completed'] === 2);
    await queue.close();
  }, 15_000);

  test('a job that was claimed by a leader who died before granting it is put back and served', async () => {
    await stack.scheduler().stop();
    const served = stack.use(CHAT, () => Promise.resolve('served'));
    const queue = new Queue(gpuQueueName(NODE), { connection: stack.redis });
    await eventually(() => queue.getJob('reply-1-1'));
    const dead = new JobStore(stack.connect().bullmq('dead'), NODE, () => undefined);
    await stack.redis.set(gpuKeys(NODE).epoch, '1');
    await expect(dead.claim(1, 'reply-1-1', 'dead-token')).resolves.toBe(true);
    await stack.start();
    await expect(served).resolves.toBe('served');
    await dead.close();
    await queue.close();
  }, 15_000);

  test('a lease whose record Redis has lost is over: its place is free again', async () => {
    await stack.start();
    const held = await stack.hold(CHAT);
    const { leases, lease } = gpuKeys(NODE);
    await stack.redis.multi().zrem(leases, held.lease.leaseId).del(lease(held.lease.leaseId)).exec();
    await expect(held.done).rejects.toMatchObject({ code: 'gpu.lease_lost' });
    await expect(stack.use(IMAGE, () => Promise.resolve('served'))).resolves.toBe('served');
    expect(stack.node.maxLanesAtOnce).toBe(1);
  }, 15_000);

  test('an admission that a dead leader left behind is taken away by the next one', async () => {
    await stack.scheduler().stop();
    await stack.node.admit({ leaseId: '0-left-1', fence: 1, lane: CHAT });
    const { leader: next } = await stack.start();
    await eventually(() => next.isLeader && stack.node.admitted.size === 0, { timeoutMs: 8_000 });
  }, 15_000);

  test('from asking to holding, idle GPU and resident model: a few round trips to Redis', async () => {
    await stack.start();
    const figures: number[] = [];
    const pings: number[] = [];
    for (let n = 0; n < 200; n += 1) {
      const pingedAt = performance.now();
      await stack.redis.ping();
      const startedAt = performance.now();
      pings.push(startedAt - pingedAt);
      await stack.use(CHAT, () => {
        figures.push(performance.now() - startedAt);
        return Promise.resolve();
      });
      await eventually(() => stack.node.admitted.size === 0, { everyMs: 1 });
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
    const [held, ping] = [median(figures), median(pings)];
    const ratio = held / ping;
    process.stdout.write(
      `submit to granted: p50 ${held.toFixed(2)} ms, ${ratio.toFixed(1)} x PING (${ping.toFixed(3)} ms)\n`,
    );
    expect(ratio).toBeLessThan(60);
  }, 60_000);
});

test('Redis is killed and comes back empty: those who wait are served all the same', async () => {
  const redis = await startPrivateRedis();
  stack = new Stack(redis.url);
  try {
    const { leader: scheduler } = await stack.start();
    const held = await stack.hold(CHAT);
    const waiting = stack.use(CHAT, () => Promise.resolve('served'));
    await eventually(async () => (await scheduler.status()).waiting === 1);
    await redis.kill();
    await redis.start();
    await expect(held.done).rejects.toMatchObject({ code: 'gpu.lease_lost' });
    await expect(waiting).resolves.toBe('served');
  } finally {
    await stack.close();
    await redis.remove();
  }
}, 30_000);
