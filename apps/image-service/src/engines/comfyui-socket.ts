import { AppError } from '@baton/kernel';
import { WebSocket, type RawData } from 'ws';
import {
  readPreviewFrame,
  socketMessage,
  type PreviewFrame,
  type SocketMessage,
} from './comfyui-messages.ts';
import type { EngineDoor } from './engine-door.ts';

export interface SocketListener {
  message(message: SocketMessage): void;
  preview(frame: PreviewFrame): void;
  closed(): void;
}

const OPEN_TIMEOUT_MS = 10_000;
/** ComfyUI does not ping; our pings keep a dead connection from looking alive. */
const PING_MS = 10_000;
const MAX_FRAME_BYTES = 32 * 1_048_576;

/** One connection to ComfyUI's event stream. It is read at once and always: a reader that stalls stalls everybody. */
export class ComfyuiSocket {
  private readonly socket: WebSocket;
  private readonly pings: NodeJS.Timeout;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.pings = setInterval(() => this.socket.ping(), PING_MS);
  }

  /** @throws AppError `engine.unavailable`, `gpu.lease_lost`; the door's reason when its signal was aborted */
  static async open(door: EngineDoor, clientId: string, listener: SocketListener): Promise<ComfyuiSocket> {
    door.signal.throwIfAborted();
    const address = `${door.url.replace(/^http/, 'ws')}/ws?clientId=${clientId}`;
    const socket = new WebSocket(address, {
      headers: { ...door.headers },
      handshakeTimeout: OPEN_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    socket.on('message', (data, isBinary) => pass(data, isBinary, listener));
    await opened(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => listener.closed());
    // Must be the first message: previews then name the prompt that they belong to.
    socket.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
    return new ComfyuiSocket(socket);
  }

  close(): void {
    clearInterval(this.pings);
    this.socket.terminate();
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    socket.once('unexpected-response', (request, response) => {
      status = response.statusCode;
      request.destroy();
      reject(
        new AppError(status === 403 || status === 409 ? 'gpu.lease_lost' : 'engine.unavailable', { status }),
      );
    });
    socket.once('open', () => resolve());
    socket.once('error', (error) => reject(new AppError('engine.unavailable', { status }, { cause: error })));
  });
}

function pass(data: RawData, isBinary: boolean, listener: SocketListener): void {
  const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  if (isBinary) {
    const frame = readPreviewFrame(bytes);
    if (frame !== null) listener.preview(frame);
    return;
  }
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    return;
  }
  const parsed = socketMessage.safeParse(json);
  if (parsed.success) listener.message(parsed.data);
}
