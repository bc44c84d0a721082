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
import { runProgram } from '../drivers/run-program.ts';
import { ComfyuiClient } from '../engines/comfyui.client.ts';
import { EngineHttp } from '../engines/engine-http.ts';
import type { EngineSoftware } from '../engines/engine-software.ts';
import { OllamaClient } from '../engines/ollama.client.ts';
import { CardService } from '../gpu/card.service.ts';
import { MemoryFloor } from '../gpu/memory-floor.ts';
import { GuardService } from '../guard/guard.service.ts';
import { NodeEngine } from '../node/node-engine.ts';
import { FenceStore } from '../swap/fence.store.ts';
import { FootprintsStore } from '../swap/footprints.store.ts';
import { Sharing } from '../swap/sharing.ts';
import type { SwapDeeds } from '../swap/swap-run.ts';
import { SwapService } from '../swap/swap.service.ts';
import { FakeCard } from './fake-card.ts';
import { FakeComfyui } from './fake-comfyui.ts';
import type { FakeEngine } from './fake-engine.ts';
import { FakeOllama } from './fake-ollama.ts';

export const LLAMA = { engine: 'ollama', instance: 'main', model: 'llama3:8b' } as const satisfies Lane;
export const LLAVA = { engine: 'ollama', instance: 'main', model: 'llava:7b' } as const satisfies Lane;
export const COMFYUI = { engine: 'comfyui' } as const satisfies Lane;

/** A child whose process is a server of this one: ending it gives its memory back, as the driver of a card would. */
class FakeChildDriver implements EngineDriver {
  readonly kind = 'child';
  readonly canStop = true;
  readonly logs = null;
  url: string | null = null;
  stops = 0;
  workerEnds = 0;
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

  async adopt(): Promise<boolean> {
    return false;
  }

  async endWorkers(): Promise<number> {
    this.workerEnds += 1;
    return this.engine.endWorkers();
  }

  async close(): Promise<void> {
    await this.stop();
  }
}

function attachedTo(url: string): AttachedDriver {
  return new AttachedDriver({ engine: 'attached', url, commands: null, run: runProgram, clock: systemClock });
}

export interface World {
  readonly driver?: 'child' | 'attached';
  readonly freeMs?: number;
  readonly verifyMs?: number;
  readonly loadMs?: number;
  readonly withoutProbe?: true;
  /** Soft sharing is on. */
  readonly isShared?: true;
  readonly minFreeMib?: number;
  /** Of an earlier life, to begin with its files. */
  readonly folder?: string;
}

/** Both engines as servers of this process, a card, and everything that hands it over. */
export async function startTriedNode(world: World = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'baton-swap-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
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
    const driver = world.driver === 'attached' ? attachedTo(fake.url) : child;
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
  const minFreeMib = world.minFreeMib ?? 1_024;
  const cardService = new CardService({
    probe: world.withoutProbe ? null : card,
    floor,
    clock: systemClock,
    times: { intervalMs: 20, minFreeMib },
    tellStrangers: (pids) => Promise.resolve(new Set(pids)),
    owner: () => null,
  });
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
  const deedsOf = new Map<string, SwapDeeds>();
  const relieved: string[] = [];
  const unloaded: Lane[] = [];
  const footprints = new FootprintsStore(join(folder, 'footprints.json'));
  const sharing = new Sharing(footprints, { isOn: world.isShared === true, minFreeMib });
  const swaps = new SwapService({
    engines,
    guard,
    card: cardService,
    sharing,
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
      ended: (end, deeds) => {
        deedsOf.set(end.swapId, deeds);
        ended.push(end);
      },
      unloaded: (lane) => unloaded.push(lane),
      relieved: (names, why) => relieved.push(`${names.join()}: ${why}`),
    },
  });
  cardService.onLook((view) => swaps.onCardLook(view));
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
  const workerEnds = () => drivers.map((driver) => driver.workerEnds);
  return {
    ...{ card, ollama, comfyui, gate, guard, swaps, cardService, floor, footprints, folder },
    ...{ phases, ended, deedsOf, relieved, unloaded, begin, endOf, swapTo, stops, workerEnds },
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

export type TriedNode = Awaited<ReturnType<typeof startTriedNode>>;
