import { WEBSOCKET_PATH, serverMessage, type ServerMessage } from '@baton/contracts';
import { WebSocket, type ClientOptions } from 'ws';

export type ServerEventMessage = Extract<ServerMessage, { type: 'event' }>;

/** A WebSocket client of the gateway, which checks everything that it is sent against the contract. */
export class SocketClient {
  readonly socket: WebSocket;
  /** The code with which it was closed. */
  readonly closed: Promise<number>;
  private readonly received: ServerMessage[] = [];
  private wake: () => void = () => undefined;
  private closeCode: number | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const text = (data as Buffer).toString('utf8');
      this.received.push(serverMessage.parse(JSON.parse(text)));
      this.wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', (code) => {
        this.closeCode = code;
        this.wake();
        resolve(code);
      });
    });
    // What it was is told by the close code.
    socket.on('error', () => undefined);
  }

  /** Resolves when the connection is open. Rejects with the HTTP status when it was refused. */
  static open(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${WEBSOCKET_PATH}`, {
      perMessageDeflate: false,
      ...options,
    });
    const client = new SocketClient(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(client));
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new Error(`refused with ${response.statusCode}`));
      });
    });
  }

  /** Opened, and let in. */
  static async enter(url: string, token: string): Promise<SocketClient> {
    const client = await SocketClient.open(url);
    client.send({ type: 'auth', token });
    const ready = await client.next();
    if (ready?.type !== 'ready') throw new Error(`not let in: ${JSON.stringify(ready)}`);
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message, or undefined when the connection was closed before one came. */
  async next(): Promise<ServerMessage | undefined> {
    while (this.received.length === 0 && this.closeCode === undefined) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return this.received.shift();
  }

  /** The events of one reply up to its end, or to `count` of them. */
  async events(replyId: number, count = Infinity): Promise<ServerEventMessage[]> {
    const events: ServerEventMessage[] = [];
    while (events.length < count) {
      const message = await this.next();
      if (message === undefined) break;
      if (message.type !== 'event' || message.reply_id !== replyId) continue;
      events.push(message);
      if (message.event.type === 'end') break;
    }
    return events;
  }

  /** Cuts the connection, as a lost network does. */
  cut(): void {
    this.socket.terminate();
  }
}
