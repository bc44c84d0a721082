import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Encoded } from './nodes/node-class.ts';
import { isRecord } from './prompt.ts';

/** A frame and its reader; without a reader it goes to everybody. */
interface Outgoing {
  readonly to: string | null;
  readonly data: string | Buffer;
}

export interface HubParts {
  readonly queueRemaining: () => number;
  /** What the server answers to the feature handshake. */
  readonly features: () => Record<string, unknown>;
  /** The node that runs, if the prompt is this client's. */
  readonly runningNodeOf: (sid: string) => string | null;
  readonly faults: {
    readonly sameClientId: () => boolean;
    readonly stalledSocket: () => boolean;
  };
}

const PREVIEW_IMAGE = 1;
const PREVIEW_IMAGE_WITH_METADATA = 4;
const IMAGE_TYPES = { jpeg: 1, png: 2 } as const;
/** Above this a send is held to wait until the reader has taken it. */
const HIGH_WATER_BYTES = 65_536;

/**
 * The sockets of all clients. One loop sends everything in order and waits for each send, as the real server does:
 * whoever stops reading stops the others too (a fault that can be switched off).
 */
export class SocketHub {
  readonly #parts: HubParts;
  /** The socket that speaks for a client; an older one with the same id is open but not spoken to. */
  readonly #registered = new Map<string, WebSocket>();
  readonly #metadata = new Map<string, Record<string, unknown>>();
  readonly #open = new Set<WebSocket>();
  readonly #outbox: Outgoing[] = [];
  #isSending = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** Takes a new connection. An empty id gets a generated one. */
  accept(socket: WebSocket, clientId: string): void {
    const sid = clientId === '' ? randomUUID().replaceAll('-', '') : clientId;
    this.#open.add(socket);
    this.#registered.set(sid, socket);
    this.#metadata.set(sid, {});
    let isFirst = true;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return;
      if (isFirst) this.#handshake(sid, data.toString('utf8'));
      isFirst = false;
    });
    // `close` always follows and is what counts; without a listener the error would end the process.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (!this.#parts.faults.sameClientId() && this.#registered.get(sid) !== socket) return;
      this.#registered.delete(sid);
      this.#metadata.delete(sid);
    });
    socket.send(json('status', { ...this.#status(), sid }));
    const node = this.#parts.runningNodeOf(sid);
    if (node !== null) socket.send(json('executing', { node }));
  }

  send(to: string | null, type: string, data: unknown): void {
    this.#post({ to, data: json(type, data) });
  }

  sendStatus(): void {
    this.send(null, 'status', this.#status());
  }

  understandsMetadata(sid: string | null): boolean {
    return sid !== null && this.#metadata.get(sid)?.['supports_preview_metadata'] === true;
  }

  sendPicture(to: string | null, { bytes, format }: Encoded): void {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(PREVIEW_IMAGE, 0);
    head.writeUInt32BE(IMAGE_TYPES[format], 4);
    this.#post({ to, data: Buffer.concat([head, bytes]) });
  }

  sendPictureWithMetadata(
    to: string | null,
    { bytes, format }: Encoded,
    about: Record<string, unknown>,
  ): void {
    const metadata = Buffer.from(JSON.stringify({ ...about, image_type: `image/${format}` }));
    const head = Buffer.alloc(8);
    head.writeUInt32BE(PREVIEW_IMAGE_WITH_METADATA, 0);
    head.writeUInt32BE(metadata.length, 4);
    this.#post({ to, data: Buffer.concat([head, metadata, bytes]) });
  }

  /** Cuts every socket without a close frame: the clients see code 1006. */
  cut(): void {
    for (const socket of this.#open) socket.terminate();
  }

  /** A clean end: every client gets a close frame. Resolves when all are gone. */
  async close(): Promise<void> {
    const left = [...this.#open];
    await Promise.all(
      left.map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once('close', () => resolve());
            socket.close(1_001, 'Server shutdown');
            // A client that does not answer the close frame must not keep the server up.
            setImmediate(() => setImmediate(() => socket.terminate()));
          }),
      ),
    );
  }

  #handshake(sid: string, text: string): void {
    try {
      const message: unknown = JSON.parse(text);
      if (!isRecord(message) || message['type'] !== 'feature_flags') return;
      this.#metadata.set(sid, isRecord(message['data']) ? message['data'] : {});
      this.send(sid, 'feature_flags', this.#parts.features());
    } catch {
      // What is not JSON is ignored.
    }
  }

  #status(): { status: { exec_info: { queue_remaining: number } } } {
    return { status: { exec_info: { queue_remaining: this.#parts.queueRemaining() } } };
  }

  #post(outgoing: Outgoing): void {
    this.#outbox.push(outgoing);
    if (!this.#isSending) void this.#drainOutbox();
  }

  async #drainOutbox(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
      for (const socket of this.#readersOf(next.to)) await this.#deliver(socket, next.data);
    }
    this.#isSending = false;
  }

  #readersOf(to: string | null): WebSocket[] {
    if (to === null) return [...this.#registered.values()];
    const socket = this.#registered.get(to);
    return socket === undefined ? [] : [socket];
  }

  async #deliver(socket: WebSocket, data: string | Buffer): Promise<void> {
    if (socket.readyState !== socket.OPEN) return;
    // Called in any case: with an error when the socket goes away before the reader has taken the frame.
    const isSent = new Promise<void>((resolve) => socket.send(data, () => resolve()));
    if (socket.bufferedAmount > HIGH_WATER_BYTES && this.#parts.faults.stalledSocket()) await isSent;
  }
}

function json(type: string, data: unknown): string {
  return JSON.stringify({ type, data });
}
