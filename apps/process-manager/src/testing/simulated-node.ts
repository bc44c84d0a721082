import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  GUARD_HEADERS,
  guardPath,
  type EngineName,
  type Lane,
  type NodeEvent,
  type SwapEnd,
} from '@baton/contracts';
import { Log, Metrics } from '@baton/platform';
import { eventually } from '@baton/testing';
import { pino } from 'pino';
import { readConfig } from '../config.ts';
import { Runtime } from '../runtime.ts';
import { quickClock } from './quick-clock.ts';

/**
 * The node's time limits pass so much sooner than they say. A simulator of this speed keeps step with it; a quicker one is
 * early for everything.
 */
export const PACE = 5;

const SIMULATOR = join(import.meta.dirname, '..', '..', '..', 'engine-simulator', 'src', 'main.ts');

export interface OnCard {
  readonly pid: number;
  readonly engine: string;
  readonly weightsMib: number;
  readonly isAlive: boolean;
}

export interface SimulatedCard {
  readonly usedMib: number;
  readonly overlapCount: number;
  readonly processes: readonly OnCard[];
}

export interface SimulatedNodeOptions {
  /** Simulated milliseconds in a real one, for the engines and the card. */
  readonly speed: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A whole process-manager in this process, over the simulator's real processes: its card, and both engines as children
 * that are started, signalled and killed like the real ones.
 */
export class SimulatedNode {
  readonly events: NodeEvent[] = [];
  readonly guardUrl: string;
  readonly folder: string;
  readonly runtime: Runtime;
  private readonly card: ChildProcess;
  private readonly cardUrl: string;
  private readonly server: Server;
  private fence = 0;

  private constructor(parts: {
    runtime: Runtime;
    events: NodeEvent[];
    folder: string;
    card: ChildProcess;
    cardUrl: string;
    server: Server;
  }) {
    this.runtime = parts.runtime;
    this.events = parts.events;
    this.folder = parts.folder;
    this.card = parts.card;
    this.cardUrl = parts.cardUrl;
    this.server = parts.server;
    this.guardUrl = `http://127.0.0.1:${(parts.server.address() as AddressInfo).port}`;
  }

  static async start({ speed, environment = {} }: SimulatedNodeOptions): Promise<SimulatedNode> {
    const folder = mkdtempSync(join(tmpdir(), 'baton-simulated-'));
    const control = JSON.stringify({ speed });
    const card = spawn(process.execPath, [SIMULATOR, 'card', '--port', '0', '--control', control], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface({ input: card.stdout }), 'line')) as [string];
    const { listening: cardUrl } = JSON.parse(line) as { listening: string };
    const command = (role: string, ...more: string[]): string =>
      JSON.stringify([
        ...[process.execPath, SIMULATOR, role, '--port', '{port}', '--card', cardUrl],
        ...['--control', control, ...more],
      ]);
    const events: NodeEvent[] = [];
    const runtime = await Runtime.open({
      config: readConfig({
        ...process.env,
        REDIS_URL: 'redis://127.0.0.1:1',
        BATON_INTERNAL_SECRET: 'a secret of enough length',
        BATON_DATA_DIR: folder,
        SIM_CARD_URL: cardUrl,
        OLLAMA_MODE: 'child',
        OLLAMA_COMMAND: command('ollama'),
        COMFYUI_MODE: 'child',
        COMFYUI_COMMAND: command('comfyui', '--data-dir', join(folder, 'comfyui')),
        SWAP_FREE_TIMEOUT_SECONDS: '5',
        SWAP_VERIFY_TIMEOUT_SECONDS: '8',
        GPU_MONITOR_INTERVAL: '2',
        REVOKE_TIMEOUT_SECONDS: '10',
        ...environment,
      }),
      clock: quickClock(PACE),
      log: new Log(pino({ level: 'silent' })),
      metrics: new Metrics('process-manager'),
      tell: (event) => events.push(event),
    });
    const server = createServer((request, response) => void runtime.guard.handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const node = new SimulatedNode({ runtime, events, folder, card, cardUrl, server });
    await node.untilReady();
    return node;
  }

  urlOf(engine: EngineName): string {
    const url = this.runtime.engines.urlOf(engine);
    if (url === null) throw new Error(`${engine} does not run`);
    return url;
  }

  /** Both engines run: after the start, and after a swap that had to stop one. */
  async untilReady(): Promise<void> {
    await Promise.all(this.runtime.engines.all.map(({ managed }) => managed.ensureReady()));
  }

  async control(role: EngineName | 'card', change: unknown): Promise<void> {
    const url = role === 'card' ? this.cardUrl : this.urlOf(role);
    const answer = await this.ask(`${url}/__control`, 'PUT', change);
    if (answer.status !== 200) throw new Error(answer.text);
  }

  faults(role: EngineName, faults: Readonly<Record<string, unknown>>): Promise<void> {
    return this.control(role, { faults });
  }

  async readCard(): Promise<SimulatedCard> {
    return JSON.parse((await this.ask(`${this.cardUrl}/card`)).text) as SimulatedCard;
  }

  /** What was in use on the card after each change, in order. */
  async usedBytes(): Promise<number[]> {
    const { text } = await this.ask(`${this.cardUrl}/events`);
    const { events } = JSON.parse(text) as { events: { usedBytes: number }[] };
    return events.map(({ usedBytes }) => usedBytes);
  }

  /** Memory of models of one engine. */
  async weightsMib(engine: EngineName): Promise<number> {
    const { processes } = await this.readCard();
    return processes
      .filter((entry) => entry.engine === engine)
      .reduce((sum, { weightsMib }) => sum + weightsMib, 0);
  }

  begin(to: Lane | null, drainMs = 100): string {
    this.fence += 1;
    const swapId = randomUUID();
    this.runtime.swaps.start({ swapId, fence: this.fence, to, drainMs });
    return swapId;
  }

  endOf(swapId: string): Promise<SwapEnd> {
    return eventually(
      () =>
        this.events
          .flatMap((event) => (event.type === 'swap.ended' ? [event.end] : []))
          .find((end) => end.swapId === swapId),
      { timeoutMs: 30_000 },
    );
  }

  swapTo(to: Lane | null, drainMs = 100): Promise<SwapEnd> {
    return this.endOf(this.begin(to, drainMs));
  }

  phasesOf(swapId: string): string[] {
    return this.events.flatMap((event) =>
      event.type === 'swap.phase' && event.swapId === swapId ? [event.phase] : [],
    );
  }

  /** Lets a lease of the present visit in; with its headers requests pass. */
  admit(leaseId: string, lane: Lane, alsoModels: readonly string[] = []): Record<string, string> {
    this.runtime.guard.admit(leaseId, this.fence, lane, alsoModels);
    return { [GUARD_HEADERS.lease]: leaseId, [GUARD_HEADERS.fence]: String(this.fence) };
  }

  guarded(engine: EngineName, path: string): string {
    return `${this.guardUrl}${guardPath(engine)}${path}`;
  }

  async ask(
    url: string,
    method = 'GET',
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  async close(): Promise<void> {
    await this.runtime.close();
    this.server.close();
    this.server.closeAllConnections();
    this.card.kill('SIGKILL');
    await once(this.card, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Text to image, as ComfyUI takes it. `steps` makes it last. */
export function renderPrompt(steps: number, promptId: string = randomUUID()) {
  return {
    prompt_id: promptId,
    prompt: {
      1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'flux1-dev-fp8.safetensors' } },
      2: { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: 'a lighthouse' } },
      5: { class_type: 'EmptySD3LatentImage', inputs: { width: 64, height: 64, batch_size: 1 } },
      9: {
        class_type: 'KSampler',
        inputs: {
          ...{ model: ['1', 0], positive: ['2', 0], negative: ['2', 0], latent_image: ['5', 0] },
          ...{ seed: 1, steps, cfg: 1, sampler_name: 'euler', scheduler: 'simple', denoise: 1 },
        },
      },
      10: { class_type: 'VAEDecode', inputs: { samples: ['9', 0], vae: ['1', 2] } },
      11: { class_type: 'SaveImage', inputs: { images: ['10', 0], filename_prefix: 'baton/run' } },
    },
  };
}
