import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Lane, SwapEnd } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { readProcess } from '../drivers/process-table.ts';
import { PACE, SimulatedNode, renderPrompt } from '../testing/simulated-node.ts';

/**
 * Every known way in which an engine fails to give the card back, over the simulator's real processes. The names begin
 * with the trap's number in the engines' contracts:
 *
 *   Ollama  O1 O2 O3 O4 O5 O6 O7        ComfyUI  C1 C2 C3 C4 C5 C6 C8 C9 C11
 *
 * After each of them the same is true: the two engines were never loaded at once, by the word of the simulated card.
 */

const PHI: Lane = { engine: 'ollama', instance: 'main', model: 'phi3:latest' };
const LLAVA: Lane = { engine: 'ollama', instance: 'main', model: 'llava:13b' };
const COMFYUI: Lane = { engine: 'comfyui' };
const USUAL_LAG = { lagMinMs: 100, lagMaxMs: 600 };

jest.setTimeout(60_000);

let node: SimulatedNode;

beforeAll(async () => {
  node = await SimulatedNode.start({ speed: 20 });
});
afterAll(() => node.close());

afterEach(async () => {
  await node.control('card', { stowaways: [], lag: USUAL_LAG, speed: 20 });
  await node.untilReady();
  for (const engine of ['ollama', 'comfyui'] as const) {
    const all = JSON.parse((await node.ask(`${node.urlOf(engine)}/__control`)).text) as {
      faults: Record<string, { armed: unknown }>;
    };
    const armed = Object.entries(all.faults).filter(
      ([name, { armed }]) => armed !== false && !ALWAYS.has(name),
    );
    await node.control(engine, {
      speed: 20,
      faults: Object.fromEntries(armed.map(([name]) => [name, false])),
    });
  }
  expect((await node.swapTo(null)).outcome).toBe('done');
  expect((await node.readCard()).overlapCount).toBe(0);
});

/** Armed in every ComfyUI. */
const ALWAYS = new Set(['sameClientId', 'stalledSocket']);

async function render(steps = 2): Promise<void> {
  await node.ask(`${node.urlOf('comfyui')}/prompt`, 'POST', renderPrompt(steps));
}

async function queueLength(): Promise<number> {
  const { text } = await node.ask(`${node.urlOf('comfyui')}/prompt`);
  return (JSON.parse(text) as { exec_info: { queue_remaining: number } }).exec_info.queue_remaining;
}

/** A visit of ComfyUI in which a picture was made: its models are on the card. */
async function visitComfyui(): Promise<void> {
  expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  await render();
  await eventually(async () => (await queueLength()) === 0, { timeoutMs: 20_000 });
  expect(await node.weightsMib('comfyui')).toBeGreaterThan(10_000);
}

const ollama = (path: string, body: object) => node.ask(`${node.urlOf('ollama')}${path}`, 'POST', body);

const longChat = {
  model: 'phi3',
  options: { num_predict: 24 },
  messages: [{ role: 'user', content: 'Hi' }],
  keep_alive: '5m',
};

function msOf(end: SwapEnd, wanted: string): number {
  return end.record.phases.find(({ phase }) => phase === wanted)?.ms ?? 0;
}

describe('Ollama', () => {
  test('O1 ★ "unload" is answered before anything is unloaded: the next engine waits for the model to go', async () => {
    await node.swapTo(PHI);
    await node.faults('ollama', { unloadHangs: { times: 1 } });
    const swapId = node.begin(COMFYUI);
    await eventually(() => node.phasesOf(swapId).includes('free'));
    await node.faults('ollama', { unloadHangs: false });
    const end = await node.endOf(swapId);
    expect(end).toMatchObject({ outcome: 'done' });
    expect(end.record.stopped).toBeUndefined();
    expect(await node.weightsMib('ollama')).toBe(0);
  });

  test('O2 ★ gone from the list is not free: the driver is late, and it is waited for', async () => {
    await node.swapTo(PHI);
    await node.control('card', { speed: PACE, lag: { lagMinMs: 700, lagMaxMs: 700 } });
    const end = await node.swapTo(COMFYUI);
    expect(end.outcome).toBe('done');
    expect(msOf(end, 'verify')).toBeGreaterThan(500);
    expect(end.record.before_mib).toBeGreaterThan(2_000);
    expect(end.record.freed_mib).toBeLessThan(1_000);
    expect(await node.weightsMib('ollama')).toBe(0);
  });

  test('O3 ★ a request that joins a dying model cancels its unload: the gate shuts first, and it is asked for again', async () => {
    await node.swapTo(PHI);
    const headers = node.admit('o3', PHI);
    await node.control('ollama', { speed: 1, settings: { tokensPerSecond: 80, minReplyTokens: 24 } });
    // Two that go around the guard: the second one is what cancels an unload.
    const first = ollama('/api/chat', longChat).catch(() => null);
    const through = node
      .ask(node.guarded('ollama', '/api/chat'), 'POST', longChat, headers)
      .catch(() => null);
    await eventually(() => node.runtime.guard.openConnections === 1);
    const swapId = node.begin(COMFYUI, 50);
    await eventually(() => node.phasesOf(swapId).includes('free'));
    const second = ollama('/api/chat', longChat).catch(() => null);
    const late = await node.ask(node.guarded('ollama', '/api/chat'), 'POST', longChat, headers);
    expect([403, 409]).toContain(late.status);
    const end = await node.endOf(swapId);
    expect(end.outcome).toBe('done');
    expect(await node.weightsMib('ollama')).toBe(0);
    await Promise.all([first, second, through]);
    await node.control('ollama', { settings: { tokensPerSecond: 40, minReplyTokens: 0 } });
  });

  test('O4 ★ a model that hangs in "Stopping" is cured by killing its process, and only that', async () => {
    await node.faults('ollama', { orphan: true });
    await node.swapTo(PHI);
    await node.faults('ollama', { unloadHangs: { times: 1 } });
    const before = node.urlOf('ollama');
    const end = await node.swapTo(COMFYUI);
    expect(end.outcome).toBe('done');
    expect(end.record.stopped).toBeUndefined();
    expect(msOf(end, 'free')).toBeGreaterThan(4_900);
    expect(node.urlOf('ollama')).toBe(before);
    expect(await node.weightsMib('ollama')).toBe(0);
  });

  test('O4 ★ … and where that does not help, by stopping the engine with all of its group', async () => {
    await node.swapTo(PHI);
    await node.faults('ollama', { unloadHangs: true, deafToSigterm: true });
    const end = await node.swapTo(COMFYUI);
    expect(end).toMatchObject({ outcome: 'done', record: { stopped: ['ollama'] } });
    expect(await node.weightsMib('ollama')).toBe(0);
    expect((await node.swapTo(PHI)).outcome).toBe('done');
  });

  test('O5 ★ a model that is being loaded is not in the list: what the driver still counts sends us back to ask', async () => {
    await node.swapTo(COMFYUI);
    // Long enough to be met in the middle, and over before the driver's second look on a machine that is slow itself.
    await node.control('ollama', { speed: 2 * PACE, settings: { loadBaseMs: 1_200 } });
    const loading = ollama('/api/generate', { model: 'phi3', keep_alive: '5m' });
    await eventually(async () => (await node.weightsMib('ollama')) > 0);
    const end = await node.swapTo(LLAVA);
    expect(end.outcome).toBe('done');
    expect(end.record.stopped).toBeUndefined();
    await loading;
    await node.control('ollama', { settings: { loadBaseMs: 150 } });
    const { text } = await node.ask(`${node.urlOf('ollama')}/api/ps`);
    expect((JSON.parse(text) as { models: { name: string }[] }).models.map(({ name }) => name)).toEqual([
      'llava:13b',
    ]);
  });

  test('O6 ★ what a killed Ollama leaves behind with the memory is found and ended', async () => {
    await node.faults('ollama', { orphan: true });
    await node.swapTo(PHI);
    const before = node.urlOf('ollama');
    const orphan = (await node.readCard()).processes.find(({ weightsMib }) => weightsMib > 0);
    await node.control('ollama', { crash: 'now' });
    await eventually(() => node.runtime.swaps.owner === null);
    await eventually(async () => (await node.weightsMib('ollama')) === 0);
    const left = await readProcess(orphan?.pid ?? 0);
    expect(left === null || left.isZombie).toBe(true);
    await eventually(() => node.runtime.engines.urlOf('ollama') !== null && node.urlOf('ollama') !== before);
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });

  test('O7 ★ a model that went half to the CPU is loaded again on a free card', async () => {
    await node.faults('ollama', { partialOffload: { times: 1 } });
    const end = await node.swapTo(PHI);
    expect(end.outcome).toBe('done');
    const { text } = await node.ask(`${node.urlOf('ollama')}/api/ps`);
    const [model] = (JSON.parse(text) as { models: { size: number; size_vram: number }[] }).models;
    expect(model?.size_vram).toBe(model?.size);
  });

  test('O7 ★ … and beside a stowaway that leaves too little, the hand-over fails and says so, instead of being slow', async () => {
    await node.control('card', { stowaways: [{ pid: process.pid, label: 'a game', mib: 17_000 }] });
    await eventually(() => node.runtime.card.stowaways.length === 1);
    const end = await node.swapTo(LLAVA);
    expect(end).toMatchObject({ outcome: 'failed', code: 'engine.out_of_memory' });
    expect(end.record.stopped).toBeUndefined();
    expect(node.runtime.node.status.stowaways).toEqual([{ pid: process.pid, name: 'a', used_mib: 17_000 }]);
    await node.control('card', { stowaways: [] });
    expect((await node.swapTo(LLAVA)).outcome).toBe('done');
  });

  test('an engine that accepts and never answers is stopped', async () => {
    await node.swapTo(PHI);
    await node.faults('ollama', { hang: true });
    const end = await node.swapTo(COMFYUI);
    expect(end).toMatchObject({ outcome: 'done', record: { stopped: ['ollama'] } });
  });
});

describe('ComfyUI', () => {
  test('C1 ★ /free waits for the prompt that runs: it is interrupted first', async () => {
    await node.swapTo(COMFYUI);
    await node.control('comfyui', { speed: PACE, settings: { stepMs: 100, loadMibPerSecond: 1_000_000 } });
    const headers = node.admit('c1', COMFYUI);
    await node.ask(node.guarded('comfyui', '/prompt'), 'POST', renderPrompt(600), headers);
    await eventually(async () => (await node.weightsMib('comfyui')) > 10_000);
    const end = await node.swapTo(PHI);
    expect(end.outcome).toBe('done');
    expect(end.record.stopped).toBeUndefined();
    expect(await queueLength()).toBe(0);
  });

  test('C2 ★ a prompt that waits would load everything again: what waits is removed first', async () => {
    await node.swapTo(COMFYUI);
    await node.control('comfyui', { speed: PACE, settings: { stepMs: 100, loadMibPerSecond: 1_000_000 } });
    for (const steps of [600, 601, 602]) await render(steps);
    await eventually(async () => (await node.weightsMib('comfyui')) > 10_000);
    const end = await node.swapTo(PHI);
    expect(end.outcome).toBe('done');
    expect(end.record.stopped).toBeUndefined();
    expect([await queueLength(), await node.weightsMib('comfyui')]).toEqual([0, 0]);
  });

  test('C3 ★ /free without a body is refused and frees nothing: ours has one', async () => {
    await visitComfyui();
    const answer = await fetch(`${node.urlOf('comfyui')}/free`, {
      method: 'POST',
      headers: { connection: 'close' },
    });
    expect(answer.status).toBe(500);
    await answer.arrayBuffer();
    expect(await node.weightsMib('comfyui')).toBeGreaterThan(10_000);
    expect((await node.swapTo(PHI)).outcome).toBe('done');
    expect(await node.weightsMib('comfyui')).toBe(0);
  });

  test('C4 ★ one flag alone frees nothing with --highvram: ours are both', async () => {
    await visitComfyui();
    await node.control('comfyui', { settings: { highVram: true } });
    const end = await node.swapTo(PHI);
    expect(end.outcome).toBe('done');
    expect(end.record.stopped).toBeUndefined();
    expect(await node.weightsMib('comfyui')).toBe(0);
    await node.control('comfyui', { settings: { highVram: false } });
  });

  test('C5 ★ what the context and a node pack keep is accepted up to the residue, and beyond it the process ends', async () => {
    await visitComfyui();
    await node.faults('comfyui', { freeKeeps: { mib: 300 } });
    const little = await node.swapTo(PHI);
    expect(little.outcome).toBe('done');
    expect(little.record.stopped).toBeUndefined();
    await node.control('comfyui', { faults: { freeKeeps: false } });
    const killed = node.runtime.engines.all.find(({ name }) => name === 'comfyui');
    await killed?.managed.stop();
    await visitComfyui();
    await node.faults('comfyui', { freeKeeps: { mib: 5_000 } });
    const much = await node.swapTo(PHI);
    expect(much).toMatchObject({ outcome: 'done', record: { stopped: expect.arrayContaining(['comfyui']) } });
  });

  test('C6 ★ a /free that is answered and frees nothing is found out by the driver', async () => {
    await visitComfyui();
    await node.faults('comfyui', { freeIgnored: true });
    const end = await node.swapTo(PHI);
    expect(end).toMatchObject({ outcome: 'done', record: { stopped: expect.arrayContaining(['comfyui']) } });
    expect(await node.weightsMib('comfyui')).toBe(0);
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });

  test('C8 ★ a dead worker behind living HTTP: /free and /interrupt do nothing, so the process ends', async () => {
    await visitComfyui();
    await node.faults('comfyui', { zombie: { times: 1 } });
    await render(3);
    const end = await node.swapTo(PHI);
    expect(end).toMatchObject({ outcome: 'done', record: { stopped: ['comfyui'] } });
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });

  test('C9 ★ an interrupt that is lost is sent again, by prompt id, until the prompt has left the queue', async () => {
    await node.swapTo(COMFYUI);
    await node.control('comfyui', { speed: PACE, faults: { lostInterrupt: { times: 1, ms: 400 } } });
    const headers = node.admit('c9', COMFYUI);
    await node.ask(node.guarded('comfyui', '/prompt'), 'POST', renderPrompt(600, randomUUID()), headers);
    const revocation = await node.runtime.guard.revoke('c9');
    expect(revocation.quiet).toBe(true);
    expect(revocation.tookMs).toBeGreaterThan(300);
    expect(await queueLength()).toBe(0);
  });

  test('C11 ★ SIGINT may be ignored: after its time the whole group is killed', async () => {
    await visitComfyui();
    await node.faults('comfyui', { deafToSigint: true, hang: true });
    const end = await node.swapTo(PHI);
    expect(end).toMatchObject({ outcome: 'done', record: { stopped: ['comfyui'] } });
    expect(await node.weightsMib('comfyui')).toBe(0);
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });
});
