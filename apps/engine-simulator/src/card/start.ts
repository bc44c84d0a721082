import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { SimulatedClock } from '../clock.ts';
import { CONTROL_PATH, Control, dial, settingsDial } from '../control/control.ts';
import { FaultSwitchboard, fault } from '../control/faults.ts';
import { cutAndClose, listen, readBody, sendJson } from '../listening.ts';
import type { CardOptions, RunningRole } from '../options.ts';
import { answer } from './card-client.ts';
import { FINISHED_PATH, FinishedWork, finishedReport } from './finished-work.ts';
import { CardOutOfMemory, Ledger } from './ledger.ts';
import { CONTEXT_PATH, cardRequest, contextQuery, frameText } from './wire.ts';
import type { CardReply } from './wire.ts';

export const MIB = 1024 * 1024;

/** Nothing here is a real device, and no reader of a status page shall think so. */
export const CARD_NAME = 'Simulated GPU (no hardware)';

export const CARD_FAULTS = {
  memoryStays: fault(
    'the memory of a process that ends is not given back until this fault is switched off',
    {},
  ),
};

const lagSettings = z.object({
  /** The driver reports the memory of a process that has gone as free after a time in this range. */
  lagMinMs: z.number().nonnegative().max(60_000),
  lagMaxMs: z.number().nonnegative().max(60_000),
});

const stowaway = z.strictObject({
  pid: z.int().positive(),
  label: z.string().min(1).max(200),
  mib: z.number().positive(),
});

/** The simulated card: the ledger behind a socket, its driver's lag, and the judge's word over HTTP. */
class Card {
  readonly control: Control;
  readonly finished = new FinishedWork();
  readonly #ledger: Ledger;
  readonly #clock = new SimulatedClock();
  readonly #faults = new FaultSwitchboard(CARD_FAULTS);
  readonly #lag: z.infer<typeof lagSettings> = { lagMinMs: 100, lagMaxMs: 600 };
  readonly #busy = new Set<WebSocket>();
  readonly #closing = new AbortController();
  #stowaways: { context: string; is: z.infer<typeof stowaway> }[] = [];
  #departures = 0;

  constructor({ totalMib, controlKey }: CardOptions) {
    this.#ledger = new Ledger(totalMib * MIB);
    this.control = new Control(
      {
        speed: dial({
          schema: z.number().positive().max(1_000_000),
          apply: (speed) => void (this.#clock.speed = speed),
          show: () => this.#clock.speed,
        }),
        totalMib: dial({
          schema: z.int().positive(),
          apply: (mib) => void (this.#ledger.totalBytes = mib * MIB),
          show: () => this.#ledger.totalBytes / MIB,
        }),
        lag: settingsDial(lagSettings, this.#lag),
        faults: dial({
          schema: this.#faults.schema,
          apply: (faults) => {
            this.#faults.set(faults);
            if (!this.#faults.peek('memoryStays')) {
              for (const context of this.#ledger.vanished()) this.#reclaimAfterLag(context);
            }
          },
          show: () => this.#faults.describe(),
        }),
        stowaways: dial({
          schema: z.array(stowaway),
          apply: (stowaways) => this.#replaceStowaways(stowaways),
          show: () => this.#stowaways.map(({ is }) => is),
        }),
        overlaps: dial({
          schema: z.literal('forget'),
          apply: () => this.#ledger.forgetOverlaps(Date.now()),
          show: () => this.#ledger.overlaps(Date.now()).overlapCount,
        }),
      },
      controlKey,
    );
  }

  /** One process connects. The socket is its driver context: when it closes, the memory goes, after the lag. */
  attach(socket: WebSocket, query: URLSearchParams): void {
    const say = (reply: CardReply): void => socket.send(JSON.stringify(reply));
    const owner = contextQuery.safeParse(Object.fromEntries(query));
    if (!owner.success) {
      say({ id: 0, is: 'rejected', message: z.prettifyError(owner.error) });
      socket.close(1008);
      return;
    }
    let context: string;
    try {
      context = this.#ledger.open(owner.data, Date.now());
    } catch (cause) {
      if (!(cause instanceof CardOutOfMemory)) throw cause;
      say({ id: 0, is: 'outOfMemory', wantedBytes: cause.wantedBytes, freeBytes: cause.freeBytes });
      socket.close(1013);
      return;
    }
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#busy.delete(socket);
      this.#ledger.vanish(context, Date.now());
      if (!this.#faults.peek('memoryStays')) this.#reclaimAfterLag(context);
    });
    socket.on('message', (data) => {
      const request = cardRequest.safeParse(parseJson(frameText(data)));
      if (!request.success) {
        socket.close(1007);
        return;
      }
      if (request.data.op === 'work') {
        if (request.data.state === 'busy') this.#busy.add(socket);
        else this.#busy.delete(socket);
      }
      say(answer(this.#ledger, context, request.data));
    });
    say({ id: 0, is: 'opened' });
  }

  describe(): Record<string, unknown> {
    const usage = this.#ledger.usage();
    return {
      name: CARD_NAME,
      totalMib: toMib(usage.totalBytes),
      usedMib: toMib(usage.usedBytes),
      freeMib: toMib(usage.freeBytes),
      gpuUtil: this.#busy.size > 0 ? 97 : 0,
      processes: this.#ledger.processes().map(({ usedBytes, weightBytes, ...process }) => ({
        ...process,
        usedMib: toMib(usedBytes),
        weightsMib: toMib(weightBytes),
      })),
      ...this.#ledger.overlaps(Date.now()),
    };
  }

  events(): unknown {
    return { events: this.#ledger.events() };
  }

  stop(): void {
    this.#closing.abort();
  }

  #reclaimAfterLag(context: string): void {
    const { lagMinMs, lagMaxMs } = this.#lag;
    // Golden-ratio steps spread over the range evenly, and are the same on every run.
    this.#departures += 1;
    const share = (this.#departures * 0.618_033_988_75) % 1;
    const lagMs = lagMinMs + Math.max(0, lagMaxMs - lagMinMs) * share;
    this.#clock.sleep(lagMs, this.#closing.signal).then(
      () => this.#ledger.reclaim(context, Date.now()),
      () => undefined,
    );
  }

  #replaceStowaways(stowaways: z.infer<typeof stowaway>[]): void {
    const now = Date.now();
    for (const { context } of this.#stowaways) {
      this.#ledger.vanish(context, now);
      this.#ledger.reclaim(context, now);
    }
    this.#stowaways = stowaways.map((is) => {
      const context = this.#ledger.open({ engine: 'foreign', pid: is.pid, contextBytes: 0 }, now);
      const bytes = Math.min(Math.round(is.mib * MIB), this.#ledger.usage().freeBytes);
      this.#ledger.alloc(context, { label: is.label, kind: 'weights', bytes }, now);
      return { context, is };
    });
  }
}

/** Starts the card: `GET /card`, `GET /events`, `/finished`, `/__control`, and the WebSocket that engines hold. */
export async function startCard(options: CardOptions): Promise<RunningRole> {
  const card = new Card(options);
  if (options.control !== undefined) await card.control.merge(options.control);
  const server = createServer((request, response) => {
    respond(card, request, response).catch((cause: unknown) => {
      sendJson(response, 500, { error: cause instanceof Error ? cause.message : String(cause) });
    });
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://card');
    if (url.pathname !== CONTEXT_PATH) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => card.attach(client, url.searchParams));
  });
  const url = await listen(server, options);
  return {
    url,
    close: async () => {
      card.stop();
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      await cutAndClose(server);
    },
  };
}

async function respond(card: Card, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://card');
  if (pathname === CONTROL_PATH) {
    const { status, body } = await card.control.respond(request, await readBody(request, MIB));
    sendJson(response, status, body);
  } else if (pathname === FINISHED_PATH && request.method === 'POST') {
    const report = finishedReport.safeParse(parseJson(await readBody(request, MIB)));
    if (report.success) card.finished.add(report.data, Date.now());
    sendJson(response, report.success ? 200 : 400, {});
  } else if (request.method !== 'GET') {
    sendJson(response, 405, { error: 'method not allowed' });
  } else if (pathname === '/card') {
    sendJson(response, 200, card.describe());
  } else if (pathname === '/events') {
    sendJson(response, 200, card.events());
  } else if (pathname === FINISHED_PATH) {
    sendJson(response, 200, { finished: card.finished.list() });
  } else {
    sendJson(response, 404, { error: 'the card answers at /card, /events, /finished and /__control' });
  }
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}

/** Undefined for anything that is not JSON, which no schema accepts. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
