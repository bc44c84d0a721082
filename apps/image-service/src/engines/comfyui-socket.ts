import { AppError, type Clock } from '@baton/kernel';
import type { IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import {
  readPreviewFrame,
  socketMessage,
  type PreviewFrame,
  type SocketMessage,
} from './comfyui-messages.ts';
import type { EngineDoor } from './engine-door.ts';
import { parseJson, refusalOfGuard } from './engine-refusal.ts';

export interface SocketListener {
  /** Anything at all has come, also what is of no interest otherwise. */
  heard(): void;
  message(message: SocketMessage): void;
  preview(frame: PreviewFrame): void;
  /** The connection is gone, and not because we closed it. */
  lost(): void;
}

export interface SocketOptions {
  readonly clientId: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly listener: SocketListener;
}

const OPEN_TIMEOUT_MS = 10_000;
/** ComfyUI does not ping. A peer that has not answered our ping by the next one is dead. */
const PING_MS = 10_000;
const MAX_FRAME_BYTES = 32 * 1_048_576;
const MAX_REFUSAL_CHARS = 65_536;

/** One connection to ComfyUI's event stream. It is read at once and always: a reader that stalls stalls everybody. */
export class ComfyuiSocket {
  private readonly socket: WebSocket;
  private readonly clock: Clock;
  private readonly listener: SocketListener;
  private cancelPing: () => void = () => undefined;
  private isAnswered = true;
  private isOpened = false;
  private isClosed = false;

  private constructor(socket: WebSocket, { clock, listener }: SocketOptions) {
    this.socket = socket;
    this.clock = clock;
    this.listener = listener;
    socket.on('message', (data, isBinary) => this.pass(data, isBinary));
    socket.on('pong', () => (this.isAnswered = true));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.cancelPing();
      if (this.isOpened && !this.isClosed) listener.lost();
    });
  }

  /** @throws AppError `engine.unavailable`, `gpu.lease_lost`; the signal's reason when it was aborted */
  static async open(
    door: Pick<EngineDoor, 'url' | 'headers'>,
    options: SocketOptions,
  ): Promise<ComfyuiSocket> {
    const { clientId, signal } = options;
    signal.throwIfAborted();
    const socket = new WebSocket(`${door.url.replace(/^http/, 'ws')}/ws?clientId=${clientId}`, {
      headers: { ...door.headers },
      handshakeTimeout: OPEN_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    const opened = new ComfyuiSocket(socket, options);
    try {
      await untilOpen(socket, signal);
    } catch (error) {
      opened.close();
      throw error;
    }
    opened.isOpened = true;
    // Must be the first message: previews then name the prompt that they belong to.
    socket.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
    opened.ping();
    return opened;
  }

  close(): void {
    this.isClosed = true;
    this.cancelPing();
    this.socket.terminate();
  }

  private ping(): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (!this.isAnswered) {
      this.socket.terminate();
      return;
    }
    this.isAnswered = false;
    this.socket.ping();
    this.cancelPing = this.clock.after(PING_MS, () => this.ping());
  }

  private pass(data: RawData, isBinary: boolean): void {
    if (this.isClosed) return;
    const bytes = Buffer.isBuffer(data)
      ? data
      : Array.isArray(data)
        ? Buffer.concat(data)
        : Buffer.from(data);
    this.listener.heard();
    if (isBinary) {
      const frame = readPreviewFrame(bytes);
      if (frame !== null) this.listener.preview(frame);
      return;
    }
    const parsed = socketMessage.safeParse(parseJson(bytes.toString('utf8')));
    if (parsed.success) this.listener.message(parsed.data);
  }
}

function untilOpen(socket: WebSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('open', () => resolve(undefined));
  socket.once('unexpected-response', (_, response) => void refusalOf(response).then(reject, reject));
  socket.once('error', (cause) => reject(new AppError('engine.unavailable', { path: '/ws' }, { cause })));
  return promise.finally(() => signal.removeEventListener('abort', onAbort));
}

async function refusalOf(response: IncomingMessage): Promise<AppError> {
  const status = response.statusCode ?? 0;
  const details = { path: '/ws', status };
  let body = '';
  for await (const piece of response) {
    body += String(piece);
    if (body.length > MAX_REFUSAL_CHARS) break;
  }
  const contentType = response.headers['content-type'] ?? '';
  return (
    refusalOfGuard({ status, contentType, body }, details) ?? new AppError('engine.unavailable', details)
  );
}
