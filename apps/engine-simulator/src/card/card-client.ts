import { WebSocket } from 'ws';
import { CardOutOfMemory, Ledger } from './ledger.ts';
import type { Allocation, CardUsage, ContextOwner } from './ledger.ts';
import { CONTEXT_PATH, cardReply, frameText } from './wire.ts';
import type { CardReply, CardRequest } from './wire.ts';

type Unnumbered<T> = T extends { id: number } ? Omit<T, 'id'> : never;
type Ask = Unnumbered<CardRequest>;

/** The way to the card: over its socket, or straight into a ledger of this process. */
interface Line {
  ask(request: Ask): Promise<CardReply>;
  close(): Promise<void>;
  readonly lost: Promise<void>;
}

/**
 * A process's context on the simulated card: it exists as long as the connection does, and dropping the connection
 * (as the death of the process does) gives the memory back after the driver's lag. Open one per simulated process:
 * one for ComfyUI, one per loaded model for Ollama.
 *
 * Without a card the same calls go to a ledger in this process. Pass one `Ledger` to several clients to share it.
 */
export class CardClient {
  /** Bytes that the bare context holds; they stay until `close`. */
  readonly contextBytes: number;
  readonly #line: Line;

  private constructor(line: Line, contextBytes: number) {
    this.#line = line;
    this.contextBytes = contextBytes;
  }

  /** Throws CardOutOfMemory when the bare context does not fit, and an Error when the card does not answer. */
  static async connect(card: string | Ledger | undefined, owner: ContextOwner): Promise<CardClient> {
    const line =
      typeof card === 'string'
        ? await SocketLine.open(card, owner)
        : new LedgerLine(card ?? unlimitedLedger(), owner);
    return new CardClient(line, owner.contextBytes);
  }

  /** Takes memory. Throws CardOutOfMemory, and then nothing has changed. */
  async alloc(label: string, bytes: number, kind: 'weights' | 'scratch' = 'weights'): Promise<Allocation> {
    return allocationOf(await this.#line.ask({ op: 'alloc', label, kind, bytes: Math.round(bytes) }));
  }

  /** Grows or shrinks. Throws CardOutOfMemory, and then the old size stands. */
  async resize(allocation: string, bytes: number): Promise<Allocation> {
    return allocationOf(await this.#line.ask({ op: 'resize', allocation, bytes: Math.round(bytes) }));
  }

  /** Gives memory back at once, as `cudaFree` does. Freeing twice is harmless. */
  async free(allocation: string): Promise<void> {
    expectReply(await this.#line.ask({ op: 'free', allocation }), 'done');
  }

  /** The whole card, as the driver reports it: other processes included. */
  async usage(): Promise<CardUsage> {
    return expectReply(await this.#line.ask({ op: 'usage' }), 'usage').usage;
  }

  /** Tells the card that this process computes, which shows as its utilisation. */
  async work(state: 'busy' | 'idle'): Promise<void> {
    expectReply(await this.#line.ask({ op: 'work', state }), 'done');
  }

  /** Resolves when the card went away; not after `close`. */
  get lost(): Promise<void> {
    return this.#line.lost;
  }

  /** Ends the context. The memory leaves the card after the driver's lag. Closing twice is harmless. */
  close(): Promise<void> {
    return this.#line.close();
  }
}

/** A card without bounds, for an engine that is tried alone. */
export function unlimitedLedger(): Ledger {
  return new Ledger(Number.MAX_SAFE_INTEGER);
}

class SocketLine implements Line {
  readonly lost: Promise<void>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<CardReply>>();
  #lastId = 0;
  #isClosing = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.lost = new Promise((resolve) => {
      socket.once('close', () => {
        const gone = new Error('the simulated card went away');
        for (const waiter of this.#waiting.values()) waiter.reject(gone);
        this.#waiting.clear();
        if (!this.#isClosing) resolve();
      });
    });
    socket.on('message', (data) => {
      const reply = cardReply.parse(JSON.parse(frameText(data)));
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    });
    // `close` always follows and is what counts; without a listener the error would end the process.
    socket.on('error', () => undefined);
  }

  static async open(card: string, owner: ContextOwner): Promise<SocketLine> {
    const url = new URL(CONTEXT_PATH, card);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    for (const [key, value] of Object.entries(owner)) url.searchParams.set(key, String(value));
    const line = new SocketLine(new WebSocket(url, { perMessageDeflate: false }));
    const opened = line.#expect(0);
    try {
      expectReply(await opened, 'opened');
    } catch (cause) {
      await line.close();
      throw cause;
    }
    return line;
  }

  ask(request: Ask): Promise<CardReply> {
    this.#lastId += 1;
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error('the simulated card went away'));
    }
    const reply = this.#expect(this.#lastId);
    this.#socket.send(JSON.stringify({ ...request, id: this.#lastId }));
    return reply;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.terminate();
    });
  }

  #expect(id: number): Promise<CardReply> {
    const waiter = Promise.withResolvers<CardReply>();
    this.#waiting.set(id, waiter);
    return waiter.promise;
  }
}

class LedgerLine implements Line {
  readonly lost = new Promise<void>(() => undefined);
  readonly #ledger: Ledger;
  readonly #context: string;

  constructor(ledger: Ledger, owner: ContextOwner) {
    this.#ledger = ledger;
    this.#context = ledger.open(owner, Date.now());
  }

  async ask(request: Ask): Promise<CardReply> {
    return answer(this.#ledger, this.#context, { ...request, id: 0 });
  }

  async close(): Promise<void> {
    this.#ledger.vanish(this.#context, Date.now());
    this.#ledger.reclaim(this.#context, Date.now());
  }
}

/** What the card answers to one request of one context; the card's own server uses it too. */
export function answer(ledger: Ledger, context: string, request: CardRequest): CardReply {
  const { id } = request;
  const now = Date.now();
  try {
    switch (request.op) {
      case 'alloc': {
        const { label, kind, bytes } = request;
        return { id, is: 'allocation', allocation: ledger.alloc(context, { label, kind, bytes }, now) };
      }
      case 'resize': {
        const allocation = ledger.resize(context, request.allocation, request.bytes, now);
        return { id, is: 'allocation', allocation };
      }
      case 'free':
        ledger.free(context, request.allocation, now);
        return { id, is: 'done' };
      case 'usage':
        return { id, is: 'usage', usage: ledger.usage() };
      case 'work':
        return { id, is: 'done' };
    }
  } catch (cause) {
    if (cause instanceof CardOutOfMemory) {
      return { id, is: 'outOfMemory', wantedBytes: cause.wantedBytes, freeBytes: cause.freeBytes };
    }
    return { id, is: 'rejected', message: cause instanceof Error ? cause.message : String(cause) };
  }
}

function expectReply<Is extends CardReply['is']>(reply: CardReply, is: Is): Extract<CardReply, { is: Is }> {
  if (reply.is === 'outOfMemory') throw new CardOutOfMemory(reply.wantedBytes, reply.freeBytes);
  if (reply.is === 'rejected') throw new Error(`the simulated card refused: ${reply.message}`);
  if (reply.is !== is) throw new Error(`the simulated card answered ${reply.is}, not ${is}`);
  return reply as Extract<CardReply, { is: Is }>;
}

function allocationOf(reply: CardReply): Allocation {
  return expectReply(reply, 'allocation').allocation;
}
