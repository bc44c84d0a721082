import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import type { Lane, SwapEnd, SwapPhase } from '@baton/contracts';
import { eventually } from '@baton/testing';
import type { EngineDriver } from '../core/engine-driver.ts';
import { Gate } from '../core/gate.ts';
import { ManagedEngine } from '../core/managed-engine.ts';
import { AttachedDriver } from '../drivers/attached.driver.ts';
import { ComfyuiClient } from '../engines/comfyui.client.ts';
import { EngineHttp } from '../engines/engine-http.ts';
import type { EngineSoftware } from '../engines/engine-software.ts';
import { OllamaClient } from '../engines/ollama.client.ts';
import { CardService } from '../gpu/card.service.ts';
import { MemoryFloor } from '../gpu/memory-floor.ts';
import { GuardService } from '../guard/guard.service.ts';
import { NodeEngine } from '../node/node-engine.ts';
import { FakeCard } from '../testing/fake-card.ts';
import { FakeComfyui } from '../testing/fake-comfyui.ts';
import type { FakeEngine } from '../testing/fake-engine.ts';
import { FakeOllama } from '../testing/fake-ollama.ts';
import { FenceStore } from './fence.store.ts';
import { SwapService } from './swap.service.ts';

const LLAMA: Lane = { engine: 'ollama', instance: 'main', model: 'llama3:8b' };
const LLAVA: Lane = { engine: 'ollama', instance: 'main', model: 'llava:7b' };
const COMFYUI: Lane = { engine: 'comfyui' };

/** A child whose process is a server of this one: ending it gives its memory back, as the driver of a card would. */
class FakeChildDriver implements EngineDriver {
  readonly kind = 'child';
  url: string | null = null;
  stops = 0;
  private readonly engine: FakeEngine;
  private readonly onEnd: () => void;

  constructor(engine: FakeEngine, onEnd: () => void) {
    this.engine = engine;
    this.onEnd = onEnd;
  }

  async start(): Promise<void> {
    if (!this.engine.server.listening) await this.engine.listen();
    this.url = this.engine.url;
  }

  async stop(): Promise<void> {
    this.stops += 1;
    await this.engine.close();
    this.onEnd();
  }

  onExit(): () => void {
    return () => undefined;
  }
}

let folder: string;
let closers: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-swap-'));
  closers = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

interface World {
  readonly driver?: 'child' | 'attached';
  readonly freeMs?: number;
  readonly verifyMs?: number;
  readonly loadMs?: number;
  readonly withoutProbe?: true;
}

async function startNode(world: World = {}) {
  const card = new FakeCard();
  card.used.set('desktop', 300);
  const ollama = new FakeOllama(card);
  const comfyui = new FakeComfyui(card);
  const ends: Record<string, () => void> = {
    ollama: () => {
      ollama.loaded = [];
      for (const model of ollama.installed.keys()) card.used.delete(model);
    },
    comfyui: () => card.used.delete('comfyui'),
  };
  const http = new EngineHttp();
  const drivers: FakeChildDriver[] = [];
  const build = async (software: EngineSoftware, fake: FakeEngine): Promise<NodeEngine> => {
    await fake.listen();
    closers.push(() => fake.close());
    const child = new FakeChildDriver(fake, ends[software.engine] ?? (() => undefined));
    drivers.push(child);
    const driver = world.driver === 'attached' ? new AttachedDriver(fake.url) : child;
    const managed = new ManagedEngine({
      name: software.engine,
      driver,
      clock: systemClock,
      probe: (url, signal) => software.answers(url, signal),
    });
    await managed.ensureReady();
    return new NodeEngine({ software, managed, isSimulated: true });
  };
  const ollamaClient = new OllamaClient(http, systemClock, { contextLength: 4_096, keepAlive: '30m' });
  const comfyuiClient = new ComfyuiClient(http, systemClock);
  const engines = [await build(ollamaClient, ollama), await build(comfyuiClient, comfyui)];
  const floor = new MemoryFloor({ residueMib: 1_024, settleMs: 60 });
  const cardService = new CardService(world.withoutProbe ? null : card, floor, systemClock);
  await cardService.start(0);
  // Known for long, as far as the floor is concerned: these tests do not begin just after a start.
  floor.learn(299, systemClock.monotonic() - 60_000);
  closers.push(
    () => http.close(),
    () => cardService.close(),
  );
  const fences = new FenceStore(join(folder, 'fence.json'));
  const gate = new Gate(fences.highestFence);
  const guard = new GuardService({
    gate,
    fences,
    clock: systemClock,
    revokeTimeoutMs: 500,
    metrics: { passed: () => undefined, refused: () => undefined },
    engines: { urlOf: () => null, endPrompts: () => Promise.resolve(true) },
  });
  closers.push(() => guard.close());
  const phases: [string, SwapPhase][] = [];
  const ended: SwapEnd[] = [];
  const swaps = new SwapService({
    engines,
    guard,
    card: cardService,
    clock: systemClock,
    gate,
    fences,
    times: {
      freeMs: world.freeMs ?? 2_000,
      verifyMs: world.verifyMs ?? 2_000,
      loadMs: world.loadMs ?? 8_000,
    },
    reports: {
      phase: (swapId, phase) => phases.push([swapId, phase]),
      ended: (end) => ended.push(end),
    },
  });
  closers.push(() => swaps.close());
  let fence = 0;
  const begin = (to: Lane | null, swapId = `s${fence + 1}`): string => {
    fence += 1;
    swaps.start({ swapId, fence, to, drainMs: 50 });
    return swapId;
  };
  const endOf = (swapId: string): Promise<SwapEnd> =>
    eventually(() => ended.find((end) => end.swapId === swapId), { timeoutMs: 8_000 });
  const swapTo = (to: Lane | null): Promise<SwapEnd> => endOf(begin(to));
  const stops = () => drivers.map((driver) => driver.stops);
  return { card, ollama, comfyui, gate, guard, swaps, phases, ended, begin, endOf, swapTo, stops };
}

const phasesOf = (end: SwapEnd): SwapPhase[] => end.record.phases.map(({ phase }) => phase);

describe('a swap', () => {
  test('from ComfyUI to Ollama frees, verifies, loads with our context length, and only then opens the gate', async () => {
    const node = await startNode();
    await node.swapTo(COMFYUI);
    node.comfyui.loadWeights();
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(end.record.from).toEqual({ engine: 'comfyui', model: null });
    expect(end.record.to).toEqual({ engine: 'ollama', model: 'llama3:8b' });
    expect(phasesOf(end)).toEqual(['free', 'verify', 'load', 'ready']);
    expect(node.ollama.loads).toEqual([{ model: 'llama3:8b', numCtx: 4_096 }]);
    expect(node.swaps.owner).toEqual(LLAMA);
    expect(node.stops()).toEqual([0, 0]);
  });

  test('from Ollama to ComfyUI waits for the driver, not for the engine', async () => {
    const node = await startNode();
    await node.swapTo(LLAMA);
    node.ollama.driverLagMs = 150;
    const id = node.begin(COMFYUI);
    await eventually(() => node.ollama.loaded.length === 0);
    expect(node.swaps.owner).toBeNull();
    const end = await node.endOf(id);
    expect(end.outcome).toBe('done');
    expect(node.card.used.has('llama3:8b')).toBe(false);
    expect(node.swaps.owner).toEqual(COMFYUI);
  });

  test('between two models of Ollama leaves only the new one in memory', async () => {
    const node = await startNode();
    await node.swapTo(LLAMA);
    await node.swapTo(LLAVA);
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['llava:7b']);
  });

  test('to the lane that is there already does nothing but open the gate for the new fence', async () => {
    const node = await startNode();
    await node.swapTo(LLAMA);
    const end = await node.swapTo(LLAMA);
    expect(phasesOf(end)).toEqual(['ready']);
    expect(node.ollama.loads).toHaveLength(1);
    expect(node.gate.highestFence).toBe(2);
  });

  test('to nobody empties the card and leaves the gate closed', async () => {
    const node = await startNode();
    await node.swapTo(LLAMA);
    expect((await node.swapTo(null)).outcome).toBe('done');
    expect(node.ollama.loaded).toEqual([]);
    expect(node.swaps.owner).toBeNull();
  });

  test('frees what an engine held before anybody had a turn', async () => {
    const node = await startNode({ driver: 'attached' });
    node.comfyui.loadWeights();
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(node.card.used.get('comfyui')).toBe(500);
  });

  test('asked for twice with one id is one swap', async () => {
    const node = await startNode();
    node.swaps.start({ swapId: 'x', fence: 1, to: LLAMA, drainMs: 0 });
    node.swaps.start({ swapId: 'x', fence: 1, to: LLAMA, drainMs: 0 });
    await node.endOf('x');
    node.swaps.start({ swapId: 'x', fence: 1, to: LLAMA, drainMs: 0 });
    expect(node.ended).toHaveLength(1);
    expect(node.swaps.owner).toEqual(LLAMA);
  });

  test('adds little to the time that the engines need themselves', async () => {
    const node = await startNode();
    await node.swapTo(COMFYUI);
    node.comfyui.loadWeights();
    // The first time the residue of ComfyUI's context has to stand still; from then on it is known.
    await node.swapTo(LLAMA);
    await node.swapTo(COMFYUI);
    node.comfyui.loadWeights();
    const end = await node.swapTo(LLAMA);
    expect(end.record.total_ms).toBeLessThan(250);
  });

  test('tells each phase as it begins', async () => {
    const node = await startNode();
    const id = node.begin(LLAMA);
    await node.endOf(id);
    expect(node.phases).toEqual([
      [id, 'free'],
      [id, 'verify'],
      [id, 'load'],
      [id, 'ready'],
    ]);
  });
});

describe('the fence', () => {
  test('of an older swap is refused and changes nothing', async () => {
    const node = await startNode();
    await node.swapTo(LLAMA);
    await node.swapTo(LLAMA);
    expect(() => node.swaps.start({ swapId: 'old', fence: 1, to: COMFYUI, drainMs: 0 })).toThrow(
      expect.objectContaining({ code: 'gpu.stale_fence' }),
    );
    expect(node.swaps.owner).toEqual(LLAMA);
  });

  test('survives a restart', async () => {
    const node = await startNode();
    await node.swapTo(LLAMA);
    const again = new Gate(new FenceStore(join(folder, 'fence.json')).highestFence);
    expect(again.highestFence).toBe(1);
    expect(again.owner).toBeNull();
  });
});

describe('an engine that will not let go', () => {
  test('is not even asked when the next one is attached and not there', async () => {
    const node = await startNode({ driver: 'attached' });
    await node.swapTo(LLAMA);
    await node.comfyui.close();
    expect(await node.swapTo(COMFYUI)).toMatchObject({ outcome: 'failed', code: 'engine.unavailable' });
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['llama3:8b']);
  });

  test('is stopped when it is our child, and the swap goes on', async () => {
    const node = await startNode({ freeMs: 100 });
    await node.swapTo(LLAMA);
    node.ollama.unloadHangs = true;
    const end = await node.swapTo(COMFYUI);
    expect(end.outcome).toBe('done');
    expect(node.stops()).toEqual([1, 0]);
  });

  test('is started again for its next turn', async () => {
    const node = await startNode({ freeMs: 100 });
    await node.swapTo(LLAMA);
    node.ollama.unloadHangs = true;
    const end = await node.swapTo(LLAVA);
    expect(phasesOf(end)).toEqual(['free', 'verify', 'start', 'load', 'ready']);
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['llava:7b']);
  });

  test('fails the swap when it is not ours, which is not stopped', async () => {
    const node = await startNode({ freeMs: 100, driver: 'attached' });
    await node.swapTo(LLAMA);
    node.ollama.unloadHangs = true;
    const end = await node.swapTo(COMFYUI);
    expect(end).toMatchObject({ outcome: 'failed', code: 'gpu.swap_failed' });
    expect(node.stops()).toEqual([0, 0]);
    expect(node.swaps.owner).toBeNull();
  });

  test('a ComfyUI that answers and does nothing is stopped as well', async () => {
    const node = await startNode({ freeMs: 200 });
    await node.swapTo(COMFYUI);
    node.comfyui.loadWeights();
    node.comfyui.running = ['p1'];
    node.comfyui.isZombie = true;
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(node.stops()).toEqual([0, 1]);
  });

  test('memory that the driver still counts is never taken for free', async () => {
    const node = await startNode({ verifyMs: 150 });
    await node.swapTo(LLAMA);
    node.card.used.set('stowaway', 6_000);
    const end = await node.swapTo(COMFYUI);
    expect(end).toMatchObject({ outcome: 'failed', code: 'gpu.swap_failed' });
    expect(node.swaps.owner).toBeNull();
    node.card.used.delete('stowaway');
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });

  test('without a probe the engines are taken at their word', async () => {
    const node = await startNode({ withoutProbe: true });
    await node.swapTo(COMFYUI);
    node.comfyui.loadWeights();
    const end = await node.swapTo(LLAMA);
    expect(phasesOf(end)).toEqual(['free', 'load', 'ready']);
  });
});

describe('loading', () => {
  test("a model that went half into the computer's memory is loaded once more", async () => {
    const node = await startNode();
    node.ollama.splitLoads = 1;
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(node.ollama.loads).toHaveLength(2);
    expect(node.ollama.loaded[0]?.size_vram).toBe(node.ollama.loaded[0]?.size);
  });

  test('a model larger than the card is used as it is', async () => {
    const node = await startNode();
    node.ollama.splitLoads = 5;
    expect((await node.swapTo(LLAMA)).outcome).toBe('done');
    expect(node.ollama.loads).toHaveLength(2);
  });

  test('a model that only embeds is loaded by the way that it knows', async () => {
    const node = await startNode();
    expect((await node.swapTo({ ...LLAMA, model: 'embed:1b' })).outcome).toBe('done');
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['embed:1b']);
  });

  test('an instance that nobody configured, and a model of a cloud, fail the swap', async () => {
    const node = await startNode();
    expect(await node.swapTo({ ...LLAMA, instance: 'other' })).toMatchObject({ code: 'engine.unavailable' });
    expect(await node.swapTo({ ...LLAMA, model: 'big:cloud' })).toMatchObject({ code: 'model.unknown' });
  });

  test('a model that is not installed fails the swap and says so', async () => {
    const node = await startNode();
    const end = await node.swapTo({ ...LLAMA, model: 'nope:1b' });
    expect(end).toMatchObject({ outcome: 'failed', code: 'model.unknown' });
    expect(node.swaps.owner).toBeNull();
  });

  test('a load that never ends fails the swap after its time, and the other engine can have the GPU', async () => {
    const node = await startNode({ loadMs: 100 });
    node.ollama.loadGate = new Promise(() => undefined);
    expect(await node.swapTo(LLAMA)).toMatchObject({ outcome: 'failed', code: 'engine.stalled' });
    expect(node.swaps.owner).toBeNull();
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });
});

describe('a newer swap', () => {
  test('overtakes one that loads: the load is waited for, then undone, and the gate never opens for it', async () => {
    const node = await startNode();
    const loading = Promise.withResolvers<undefined>();
    node.ollama.loadGate = loading.promise;
    const first = node.begin(LLAMA);
    await eventually(() => node.phases.some(([, phase]) => phase === 'load'));
    const second = node.begin(COMFYUI);
    loading.resolve(undefined);
    expect(await node.endOf(first)).toMatchObject({ outcome: 'failed', code: 'gpu.stale_fence' });
    expect((await node.endOf(second)).outcome).toBe('done');
    expect(node.ollama.loaded).toEqual([]);
    expect(node.swaps.owner).toEqual(COMFYUI);
  });

  test('overtakes one that waits for memory', async () => {
    const node = await startNode({ verifyMs: 60_000 });
    await node.swapTo(LLAMA);
    node.ollama.driverLagMs = 300;
    const first = node.begin(COMFYUI);
    await eventually(() => node.phases.some(([id, phase]) => id === first && phase === 'verify'));
    const second = node.begin(LLAVA);
    expect(await node.endOf(first)).toMatchObject({ outcome: 'failed', code: 'gpu.stale_fence' });
    expect((await node.endOf(second)).outcome).toBe('done');
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['llava:7b']);
  });
});
