import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { startCard } from '../card/start.ts';
import type { RunningRole } from '../options.ts';
import { PROBE_PACK } from './traces/probe-pack.ts';
import { textToImage } from './traces/graphs.ts';
import type { Graph } from './traces/graphs.ts';
import type { FrameLog } from './traces/tried-server.ts';
import { TriedServer } from './traces/tried-server.ts';

const MIB = 1_048_576;
const CLIENT = 'tester';

let card: RunningRole;
let server: TriedServer;
let log: FrameLog;

beforeEach(async () => {
  card = await startCard({ host: '127.0.0.1', port: 0, totalMib: 24_576 });
  server = await TriedServer.start({ card: card.url, control: { speed: 500 } }, { packs: PROBE_PACK });
  log = await server.connect(CLIENT);
});

afterEach(async () => {
  await server.stop();
  await card.close();
});

async function post(graph: Graph, extra: Record<string, unknown> = {}): Promise<string> {
  const id = randomUUID();
  const answer = await server.post('/prompt', { prompt: graph, prompt_id: id, client_id: CLIENT, ...extra });
  expect(answer.status).toBe(200);
  return id;
}

async function run(graph: Graph): Promise<string> {
  const id = await post(graph);
  await log.finished(id);
  return id;
}

interface Entry {
  readonly outputs: Record<string, { images: { filename: string }[] }>;
  readonly status: { status_str: string; messages: [string, Record<string, unknown>][] };
}

async function entryOf(id: string): Promise<Entry> {
  const { body } = await server.get<Record<string, Entry>>(`/history/${id}`);
  const entry = body[id];
  if (entry === undefined) throw new Error(`no history for ${id}`);
  return entry;
}

function eventsOf(id: string, type: string): Record<string, unknown>[] {
  return log.texts
    .filter((frame) => frame.type === type && frame.data['prompt_id'] === id)
    .map(({ data }) => data);
}

/** Bytes that the card counts, rounded to MiB. */
async function usedMib(): Promise<number> {
  const { body } = await server.get<{
    devices: { vram_total: number; vram_free: number; torch_vram_free: number }[];
  }>('/system_stats');
  const [device] = body.devices;
  if (device === undefined) throw new Error('no device');
  return Math.round((device.vram_total - (device.vram_free - device.torch_vram_free)) / MIB);
}

/** Steps that take a second each at speed 1; the server runs 500 times as fast unless a test slows it down. */
function slowGraph(steps = 10_000): Graph {
  return {
    1: { class_type: 'EmptyImage', inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
    2: { class_type: 'ProbeSteps', inputs: { image: ['1', 0], steps, delay: 1, preview: false, salt: 1 } },
    9: { class_type: 'PreviewImage', inputs: { images: ['2', 0] } },
  };
}

const COLD_MIB = 500;

describe('output cache', () => {
  test('the same prompt again runs nothing, brings the old file names and writes no file', async () => {
    const first = await entryOf(await run(textToImage()));
    const again = await run(textToImage());
    expect(eventsOf(again, 'execution_cached')[0]?.['nodes']).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '9',
      '10',
      '11',
    ]);
    expect((await entryOf(again)).outputs).toEqual(first.outputs);
    expect(await readdir(join(server.dataDir, 'output', 'flux'))).toEqual(['run_00001_.png']);
  });

  test('another seed keeps loaders and texts, and the counter of the prefix goes on', async () => {
    await run(textToImage());
    const second = await run(textToImage({ 9: { seed: 2 } }));
    expect(eventsOf(second, 'execution_cached')[0]?.['nodes']).toEqual(['1', '2', '3', '4', '5']);
    expect((await entryOf(second)).outputs['11']?.images[0]?.filename).toBe('run_00002_.png');
  });

  test('free_memory forgets the outputs, unload_models does not', async () => {
    await run(textToImage());
    await server.post('/free', { unload_models: true });
    await eventually(async () => (await usedMib()) === COLD_MIB);
    const warm = await run(textToImage());
    expect(eventsOf(warm, 'execution_cached')[0]?.['nodes']).toHaveLength(8);
    await run(textToImage({ 9: { seed: 2 } }));
    await server.post('/free', { free_memory: true });
    await eventually(async () => (await usedMib()) === COLD_MIB);
    const cold = await run(textToImage({ 9: { seed: 2 } }));
    expect(eventsOf(cold, 'execution_cached')[0]?.['nodes']).toEqual([]);
  });
});

describe('memory on the card', () => {
  test('weights come with their use, not with their loader, and leave with /free down to the context', async () => {
    expect(await usedMib()).toBe(COLD_MIB);
    await run({
      1: {
        class_type: 'UNETLoader',
        inputs: { unet_name: 'flux1-dev.safetensors', weight_dtype: 'default' },
      },
      2: { class_type: 'EmptyImage', inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
      3: { class_type: 'PreviewImage', inputs: { images: ['2', 0] } },
    });
    expect(await usedMib()).toBe(COLD_MIB);
    await run(textToImage());
    const loaded = await usedMib();
    expect(loaded).toBeGreaterThan(COLD_MIB + 17_246_524_772 / MIB - 2);
    await server.post('/free', { unload_models: true, free_memory: true });
    await eventually(async () => (await usedMib()) === COLD_MIB);
  });

  test('the allocator keeps its reserve, which vram_free counts as free', async () => {
    await run(textToImage({ 5: { width: 512, height: 512 } }));
    const { body } = await server.get<{ devices: Record<string, number>[] }>('/system_stats');
    const [device] = body.devices;
    expect(device?.['torch_vram_total']).toBe(512 * 512 * 1_500);
    expect(device?.['torch_vram_free']).toBe(512 * 512 * 1_500);
  });

  test('weights that do not fit beside others push the others out', async () => {
    await run(textToImage());
    const graph = textToImage({ 9: { model: ['20', 0] } });
    graph['20'] = {
      class_type: 'UNETLoader',
      inputs: { unet_name: 'flux1-dev.safetensors', weight_dtype: 'default' },
    };
    const id = await run(graph);
    expect((await entryOf(id)).status.status_str).toBe('success');
    expect(await usedMib()).toBeGreaterThan(23_802_932_552 / MIB);
  });

  test('weights that the card refuses are an OutOfMemoryError, and everything is unloaded', async () => {
    await server.control({
      settings: { models: { checkpoints: { 'flux1-dev-fp8.safetensors': 60 * 1_024 * MIB } } },
    });
    const id = await run(textToImage());
    const [error] = eventsOf(id, 'execution_error');
    expect(error).toMatchObject({ exception_type: 'torch.OutOfMemoryError', node_type: 'KSampler' });
    expect(error?.['exception_message']).toMatch(
      /^CUDA out of memory\. Tried to allocate .*\nThis error means/,
    );
    expect(await usedMib()).toBe(COLD_MIB);
  });

  test('with --highvram unload_models alone frees nothing', async () => {
    await server.control({ settings: { highVram: true } });
    await run(textToImage());
    const loaded = await usedMib();
    await server.post('/free', { unload_models: true });
    await run(slowGraph(1));
    expect(await usedMib()).toBe(loaded);
  });
});

describe('/free', () => {
  test('is answered at once and acts only after the running prompt', async () => {
    await run(textToImage());
    await server.control({ speed: 20 });
    const slow = await post(slowGraph(20));
    await log.until(({ type, data }) => type === 'progress' && data['prompt_id'] === slow);
    const answer = await server.post('/free', { unload_models: true, free_memory: true });
    expect([answer.status, answer.text, answer.type]).toEqual([200, '', null]);
    expect(await usedMib()).toBeGreaterThan(10_000);
    await log.finished(slow);
    await eventually(async () => (await usedMib()) === COLD_MIB);
  });

  test('an empty body is a 500 and frees nothing; two false flags are nothing', async () => {
    await run(textToImage());
    const loaded = await usedMib();
    expect((await server.post('/free', '')).status).toBe(500);
    expect((await server.post('/free', { unload_models: false })).status).toBe(200);
    await run(slowGraph(1));
    expect(await usedMib()).toBe(loaded);
  });

  test('with the fault freeIgnored it answers 200 and frees nothing', async () => {
    await run(textToImage());
    const loaded = await usedMib();
    await server.control({ faults: { freeIgnored: { times: 1 } } });
    await server.post('/free', { unload_models: true, free_memory: true });
    await run(slowGraph(1));
    expect(await usedMib()).toBe(loaded);
  });
});

describe('interrupt', () => {
  test('ends the running prompt at the next step; nothing is left of it for the next one', async () => {
    const id = await post(slowGraph());
    await log.until(({ type, data }) => type === 'progress' && data['prompt_id'] === id);
    expect((await server.post('/interrupt')).status).toBe(200);
    await log.finished(id);
    expect((await entryOf(id)).status).toMatchObject({ status_str: 'error' });
    expect((await entryOf(id)).status.messages.at(-1)?.[0]).toBe('execution_interrupted');
    expect((await entryOf(await run(textToImage()))).status.status_str).toBe('success');
  });

  test('with the id of another prompt nothing happens', async () => {
    const id = await post(slowGraph(40));
    await log.until(({ type, data }) => type === 'progress' && data['prompt_id'] === id);
    expect((await server.post('/interrupt', { prompt_id: randomUUID() })).status).toBe(200);
    await log.finished(id);
    expect((await entryOf(id)).status.status_str).toBe('success');
  });

  test('with nothing running it does not hit the next prompt', async () => {
    await server.post('/interrupt');
    expect((await entryOf(await run(textToImage()))).status.status_str).toBe('success');
  });

  test('in the window between taking and starting it is lost', async () => {
    await server.control({ speed: 1, faults: { lostInterrupt: { ms: 1_500, times: 1 } } });
    const id = await post(textToImage());
    await eventually(async () => {
      const { body } = await server.get<{ queue_running: unknown[] }>('/queue');
      return body.queue_running.length === 1;
    });
    await server.control({ speed: 500 });
    await server.post('/interrupt', { prompt_id: id });
    await log.finished(id);
    expect((await entryOf(id)).status.status_str).toBe('success');
  });
});

describe('a worker that dies', () => {
  async function expectZombie(id: string): Promise<void> {
    const { body } = await server.get<{ queue_running: [number, string][] }>('/queue');
    expect(body.queue_running.map(([, running]) => running)).toEqual([id]);
    await post(slowGraph(1));
    await server.post('/interrupt');
    await server.post('/free', { unload_models: true, free_memory: true });
    const after = await server.get<{ queue_running: unknown[]; queue_pending: unknown[] }>('/queue');
    expect([after.body.queue_running.length, after.body.queue_pending.length]).toEqual([1, 1]);
    expect((await server.get('/system_stats')).status).toBe(200);
  }

  test('by an undeclared extra input that links to a missing node', async () => {
    const id = await post(textToImage({ 9: { extra: ['nowhere', 0] } }));
    await log.until(({ type, data }) => type === 'execution_cached' && data['prompt_id'] === id);
    await expectZombie(id);
  });

  test('by a node that ends the thread', async () => {
    const id = await post({
      1: { class_type: 'EmptyImage', inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
      2: { class_type: 'ProbeFail', inputs: { image: ['1', 0], kind: 'exit' } },
      3: { class_type: 'PreviewImage', inputs: { images: ['2', 0] } },
    });
    await log.until(({ type, data }) => type === 'executing' && data['node'] === '2');
    await expectZombie(id);
  });

  test('by the fault zombie', async () => {
    await server.control({ faults: { zombie: { times: 1 } } });
    const id = await post(textToImage());
    await log.until(({ type, data }) => type === 'execution_cached' && data['prompt_id'] === id);
    await expectZombie(id);
  });
});

describe('faults', () => {
  test('oom strikes the class that it names, as often as it says', async () => {
    await server.control({ faults: { oom: { nodeClass: 'VAEDecode', times: 1 } } });
    const id = await run(textToImage());
    expect(eventsOf(id, 'execution_error')[0]).toMatchObject({ node_type: 'VAEDecode' });
    expect((await entryOf(await run(textToImage()))).status.status_str).toBe('success');
  });

  test('nodeError reports its text', async () => {
    await server.control({ faults: { nodeError: { message: 'boom', times: 1 } } });
    const id = await run(textToImage());
    expect(eventsOf(id, 'execution_error')[0]).toMatchObject({
      exception_type: 'RuntimeError',
      exception_message: 'boom\n',
    });
  });

  test('slowLoad is silent: nothing comes between the start of the node and its first step', async () => {
    await server.control({ faults: { slowLoad: { ms: 60_000 } } });
    const id = await run(textToImage());
    const types = log.texts.filter(({ data }) => data['prompt_id'] === id);
    const start = types.findIndex(({ type, data }) => type === 'executing' && data['node'] === '9');
    expect(types[start + 1]).toMatchObject({
      type: 'progress_state',
      data: { nodes: { 9: { value: 1, max: 4 } } },
    });
  });

  test('a newer version says that it loads', async () => {
    await server.control({ settings: { version: '0.38.1' } });
    const id = await run(textToImage());
    expect(JSON.stringify(eventsOf(id, 'progress_state'))).toContain('"activity":"loading"');
    expect((await entryOf(id)).outputs['11']?.images[0]).toMatchObject({
      metadata: { kind: 'image', width: 64 },
    });
  });

  test('an unknown fault or setting is refused and changes nothing', async () => {
    await expect(server.control({ faults: { nope: true } })).rejects.toThrow(/nope/);
    await expect(server.control({ settings: { stepMs: -1 } })).rejects.toThrow(/stepMs/);
  });
});
