import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { WebSocketServer } from 'ws';
import { CardClient } from '../card/card-client.ts';
import { reportFinished, seedKey } from '../card/finished-work.ts';
import { SimulatedClock } from '../clock.ts';
import { Control, dial, settingsDial } from '../control/control.ts';
import { FaultSwitchboard } from '../control/faults.ts';
import { cutAndClose, listen } from '../listening.ts';
import type { ComfyuiOptions, RunningRole } from '../options.ts';
import { Executor } from './executor.ts';
import { Folders } from './folders.ts';
import { isForeign } from './http/guard.ts';
import { requestListener } from './http/router.ts';
import type { ServerParts } from './http/server-parts.ts';
import { featuresOf } from './http/server-parts.ts';
import { Interruption } from './interruption.ts';
import type { NodeClass } from './nodes/node-class.ts';
import { nodeRegistry } from './nodes/registry.ts';
import { Painter } from './picture/painter.ts';
import { PromptQueue } from './prompt-queue.ts';
import type { QueueItem } from './prompt-queue.ts';
import { COMFYUI_FAULTS, comfyuiSettings, defaultSettings, FAULTS_AT_START } from './settings.ts';
import { SocketHub } from './socket-hub.ts';
import { Vram } from './vram.ts';
import { WorkTime } from './work-time.ts';
import { runWorker } from './worker.ts';

const MIB = 1_048_576;

/** Nodes beside the built-in ones, as a custom node pack brings them. */
export interface NodePacks {
  readonly packs?: readonly NodeClass[];
}

/**
 * Starts the stand-in for ComfyUI. Resolves when the port is open, which is the last thing that happens, as in the
 * real program. `close` is the clean stop: sockets get a close frame, `temp/` is cleared, the card's memory goes back.
 */
export async function startComfyui(options: ComfyuiOptions, { packs }: NodePacks = {}): Promise<RunningRole> {
  const ending = new AbortController();
  const clock = new SimulatedClock();
  const settings = defaultSettings();
  const faults = new FaultSwitchboard(COMFYUI_FAULTS);
  faults.set(FAULTS_AT_START);
  const control = new Control(
    {
      speed: dial({
        schema: z.number().positive().max(100_000),
        apply: (speed) => {
          clock.speed = speed;
        },
        show: () => clock.speed,
      }),
      settings: settingsDial(comfyuiSettings, settings),
      faults: dial({
        schema: faults.schema,
        apply: (change) => faults.set(change),
        show: () => faults.describe(),
      }),
    },
    options.controlKey,
  );
  if (options.control !== undefined) await control.merge(options.control);
  const slow = faults.strike('slowStart');
  if (slow) await clock.sleep(slow.ms);
  const card = await CardClient.connect(options.card, {
    engine: 'comfyui',
    pid: process.pid,
    contextBytes: Math.round(settings.contextMib * MIB),
  });
  try {
    const time = new WorkTime(clock, ending.signal);
    const folders = await Folders.open(options.dataDir);
    const crash = options.crash ?? ((): void => void process.kill(process.pid, 'SIGKILL'));
    const vram = new Vram({
      ...{ card, settings, time, crash },
      extraLoadMs: () => faults.strike('slowLoad')?.ms ?? 0,
      crashShare: () => faults.strike('loadCrash')?.share ?? null,
    });
    const parts = { settings, faults, folders, card, vram, time, crash, registry: nodeRegistry(packs) };
    const engine = assemble(parts);
    const server = createServer(requestListener(engine, control));
    const stopSockets = serveSockets(server, engine);
    const onSuccess = ([, , prompt]: QueueItem): void =>
      reportFinished(options.card, { engine: 'comfyui', key: seedKey(prompt) });
    const worker = runWorker({ ...engine, time, onSuccess }, ending.signal);
    const url = await listen(server, options);
    return {
      url,
      knowsNoSigterm: true,
      isDeaf: () => faults.peek('deafToSigint') !== null,
      async close() {
        ending.abort(new Error('the program ends'));
        await worker;
        await engine.hub.close();
        stopSockets();
        await cutAndClose(server);
        await folders.clearTemp();
        await card.close();
      },
    };
  } catch (cause) {
    ending.abort(cause);
    await card.close();
    throw cause;
  }
}

type Parts = Pick<ServerParts, 'settings' | 'faults' | 'folders' | 'card' | 'vram' | 'registry'> & {
  readonly time: WorkTime;
  readonly crash: () => void;
};

/** Ties queue, executor and sockets together: each tells the next, and the sockets ask back. */
function assemble(parts: Parts): ServerParts {
  const { settings, faults } = parts;
  const queue = new PromptQueue();
  const interruption = new Interruption();
  const painter = new Painter();
  const hub: SocketHub = new SocketHub({
    queueRemaining: () => queue.remaining,
    features: () => featuresOf(settings),
    runningNodeOf: (sid) => executor.runningNodeOf(sid),
    faults: {
      sameClientId: () => faults.strike('sameClientId') !== null,
      stalledSocket: () => faults.peek('stalledSocket') !== null,
    },
  });
  const executor: Executor = new Executor({ ...parts, hub, painter, interruption });
  queue.onChange = () => hub.sendStatus();
  return { ...parts, queue, executor, interruption, painter, hub };
}

/** Takes over the upgrade requests for `/ws` and `/api/ws`. */
function serveSockets(server: Server, { hub, settings }: ServerParts): () => void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const refuse = (status: string): void =>
      void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
    if (url.pathname !== '/ws' && url.pathname !== '/api/ws') refuse('404 Not Found');
    else if (settings.corsOrigin === '' && isForeign(request.headers)) refuse('403 Forbidden');
    else {
      sockets.handleUpgrade(request, socket, head, (opened) => {
        hub.accept(opened, url.searchParams.get('clientId') ?? '');
      });
    }
  });
  return () => sockets.close();
}
