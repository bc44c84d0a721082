import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gpuKeys, type VisitRecord } from '@baton/contracts';
import { eventually, startRedis } from '@baton/testing';
import { CHAT, IMAGE, NODE, Stack } from '../testing/stack.ts';
import type { SchedulerService } from './scheduler.service.ts';

const KEYS = gpuKeys(NODE);
const SERVED = (): Promise<string> => Promise.resolve('served');

let stack: Stack;
let leader: SchedulerService;
let standby: SchedulerService;

beforeEach(async () => {
  stack = new Stack((await startRedis()).url);
  ({ leader, standby } = await stack.start());
});
afterEach(async () => {
  await stack.close();
});

async function standbyLeads(): Promise<void> {
  await eventually(() => standby.isLeader, { timeoutMs: 6_000 });
  await stack.isServing(standby);
}

async function visits(of: SchedulerService = leader, before?: string): Promise<VisitRecord[]> {
  return (await of.visits(before, 50)).visits;
}

/** Every lease of the history, oldest first: job and how it ended. */
function leasesOf(history: readonly VisitRecord[]): (readonly [string, string | null])[] {
  const all = history.flatMap(({ leases }) => leases);
  return all
    .sort((a, b) => a.granted_at_ms - b.granted_at_ms)
    .map(({ job_id, outcome }) => [job_id, outcome] as const);
}

describe('the history', () => {
  test('tells each visit, why it came, how long each step took, and every lease; the standby tells the same', async () => {
    await stack.use(CHAT, SERVED);
    await stack.use(IMAGE, SERVED);
    await expect(stack.use(IMAGE, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await eventually(async () => {
      const ended = (await visits()).at(0)?.leases.filter(({ ended_at_ms }) => ended_at_ms !== null);
      return ended?.length === 2;
    });
    const [images, chats] = await visits();
    expect(images).toMatchObject({
      node: NODE,
      lane: { engine: 'comfyui', model: null },
      cause: 'job_waiting',
      failed: null,
      closed_at_ms: null,
      swap: {
        from: { engine: 'ollama', model: 'llama:8b' },
        phases: [{ phase: 'load', ms: 5 }],
        total_ms: 5,
      },
    });
    expect(images?.leases.map(({ outcome }) => outcome).sort()).toEqual(['completed', 'failed']);
    expect(chats).toMatchObject({ lane: { engine: 'ollama', model: 'llama:8b' }, cause: null, swap: null });
    expect(chats?.leases).toMatchObject([
      { job_id: 'reply-1-1', outcome: 'completed', reason: 'visit_open' },
    ]);
    const [lease] = chats?.leases ?? [];
    expect(lease?.granted_at_ms).toBeGreaterThanOrEqual(lease?.submitted_at_ms ?? Infinity);
    expect(chats?.closed_at_ms).toBeGreaterThanOrEqual(chats?.opened_at_ms ?? Infinity);
    await eventually(async () => {
      expect(await visits(standby)).toEqual(await visits());
      return true;
    });
  });

  test('is told page by page, newest first, without a gap', async () => {
    for (let n = 0; n < 6; n += 1) await stack.use(n % 2 === 0 ? IMAGE : CHAT, SERVED);
    await eventually(async () => (await visits()).length === 7);
    const all = await visits();
    const first = await leader.visits(undefined, 2);
    expect(first.visits).toEqual(all.slice(0, 3));
    const second = await leader.visits(first.next ?? '', 2);
    const third = await leader.visits(second.next ?? '', 2);
    const last = await leader.visits(third.next ?? '', 2);
    expect([...first.visits, ...second.visits, ...third.visits, ...last.visits]).toEqual(all);
    expect(last.next).toBeNull();
    expect(all.map(({ fence }) => fence)).toEqual(all.map(({ fence }) => fence).sort((a, b) => b - a));
  });

  test('goes on through a change of leader: the visit that runs keeps its beginning and all its leases', async () => {
    await stack.use(IMAGE, SERVED);
    const held = await stack.hold(IMAGE);
    await eventually(async () => (await visits(standby)).at(0)?.leases.length === 2);
    await stack.kill(leader);
    await standbyLeads();
    held.end();
    await held.done;
    await stack.use(IMAGE, SERVED);
    await stack.use(CHAT, SERVED);
    await eventually(async () => leasesOf(await visits(standby)).every(([, outcome]) => outcome !== null));
    const history = await visits(standby);
    expect(leasesOf(history)).toEqual([1, 2, 3, 4].map((n) => [`reply-${n}-1`, 'completed']));
    expect(history).toHaveLength(3);
    expect(history[1]).toMatchObject({
      lane: { engine: 'comfyui' },
      cause: 'job_waiting',
      swap: { total_ms: 5 },
    });
    expect(history[1]?.leases).toHaveLength(3);
  });

  test('has the swaps that failed, with the reason', async () => {
    stack.node.failingSwaps = 1;
    await stack.use(IMAGE, SERVED);
    const history = await visits();
    expect(history.map(({ lane, failed }) => [lane?.engine ?? null, failed])).toEqual([
      ['comfyui', null],
      [null, 'engine.start_failed'],
      ['ollama', null],
    ]);
  });
});

describe('a switch by hand', () => {
  test('waits its turn; the same order again is the same switch', async () => {
    const held = await stack.hold(CHAT);
    const order = { id: 'o1', engine: 'comfyui', model: null, force: false } as const;
    await expect(leader.order(order)).resolves.toBe('accepted');
    await expect(leader.order(order)).resolves.toBe('accepted');
    expect(held.lease.signal.aborted).toBe(false);
    expect(stack.node.swaps).toEqual([]);
    held.end();
    await eventually(async () => (await leader.status()).holder?.engine === 'comfyui');
    await expect(leader.order({ ...order, id: 'o2' })).resolves.toBe('done');
    await eventually(async () => (await stack.redis.exists(KEYS.order)) === 0);
    expect(stack.node.swaps).toEqual(['comfyui']);
    expect((await visits())[0]).toMatchObject({ cause: 'by_hand', closed_at_ms: null });
  });

  test('by force takes back what runs, and says why', async () => {
    const held = await stack.hold(CHAT);
    await leader.order({ id: 'o1', engine: 'comfyui', model: null, force: true });
    await expect(held.done).rejects.toMatchObject({
      code: 'gpu.lease_lost',
      details: { reason: 'visit_over' },
    });
    await eventually(async () => (await leader.status()).holder?.engine === 'comfyui');
    expect(stack.node.maxLanesAtOnce).toBe(1);
  });

  test('that a standby is told reaches the leader', async () => {
    await expect(standby.order({ id: 'o1', engine: 'comfyui', model: null, force: false })).resolves.toBe(
      'accepted',
    );
    await eventually(async () => (await leader.status()).holder?.engine === 'comfyui');
  });

  test('that comes while nobody leads is not lost', async () => {
    await stack.kill(leader);
    expect(standby.isLeader).toBe(false);
    await expect(standby.order({ id: 'o1', engine: 'comfyui', model: null, force: false })).resolves.toBe(
      'accepted',
    );
    await standbyLeads();
    await eventually(async () => (await standby.status()).holder?.engine === 'comfyui');
    await eventually(async () => (await stack.redis.exists(KEYS.order)) === 0);
    expect(stack.node.swaps).toEqual(['comfyui']);
  });

  test('that is kept and was not told of is found', async () => {
    const order = { id: 'o1', engine: 'comfyui', model: null, force: false };
    await stack.redis.set(KEYS.order, JSON.stringify(order));
    await eventually(async () => (await leader.status()).holder?.engine === 'comfyui', { timeoutMs: 6_000 });
    await eventually(async () => (await stack.redis.exists(KEYS.order)) === 0);
  });

  test('that was accepted is carried out by the next leader', async () => {
    const held = await stack.hold(CHAT);
    await leader.order({ id: 'o1', engine: 'comfyui', model: null, force: false });
    await stack.kill(leader);
    await standbyLeads();
    expect(stack.node.swaps).toEqual([]);
    held.end();
    await eventually(async () => (await standby.status()).holder?.engine === 'comfyui');
    await eventually(async () => (await stack.redis.exists(KEYS.order)) === 0);
  });

  test('to Ollama without a model means the one that was on the GPU last, also after a change of leader', async () => {
    await stack.use(IMAGE, SERVED);
    await leader.stop();
    await standbyLeads();
    await expect(standby.order({ id: 'o1', engine: 'ollama', model: null, force: false })).resolves.toBe(
      'accepted',
    );
    await eventually(async () => (await standby.status()).holder?.model === 'llama:8b');
  });
});

test('a switch to Ollama before any model is known says which field is missing', async () => {
  const bare = new Stack((await startRedis()).url, { owner: IMAGE });
  try {
    const { leader: first, standby: second } = await bare.start();
    const order = { id: 'o1', engine: 'ollama', model: null, force: false } as const;
    for (const scheduler of [first, second]) {
      await expect(scheduler.order(order)).rejects.toMatchObject({
        code: 'request.invalid',
        issues: [{ path: 'model' }],
      });
    }
  } finally {
    await bare.close();
  }
});

describe('what was learned about times', () => {
  test('is there for the next leader', async () => {
    await stack.use(IMAGE, SERVED);
    await leader.stop();
    const kept = JSON.parse((await stack.redis.get(KEYS.estimates)) ?? '{}') as {
      estimates: { swapMs: Record<string, unknown> };
    };
    expect(Object.keys(kept.estimates.swapMs)).toContain('ollama > comfyui');
    await standbyLeads();
    await stack.use(CHAT, SERVED);
    await standby.stop();
    const later = JSON.parse((await stack.redis.get(KEYS.estimates)) ?? '{}') as typeof kept;
    expect(Object.keys(later.estimates.swapMs)).toEqual(expect.arrayContaining(['ollama > comfyui']));
  });

  test.each(['{"version":99}', 'not JSON', '{"version":1,"estimates":{"version":1,"swapMs":7},"home":null}'])(
    'and cannot be read (%s) is learned anew',
    async (kept) => {
      await leader.stop();
      await standby.stop();
      await stack.redis.set(KEYS.estimates, kept);
      const { leader: next } = await stack.start();
      await expect(stack.use(CHAT, SERVED)).resolves.toBe('served');
      expect(next.isLeader).toBe(true);
    },
  );
});
