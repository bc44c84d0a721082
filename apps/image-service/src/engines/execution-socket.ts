import { codeOf } from '@baton/kernel';
import { ComfyuiSocket, type SocketListener, type SocketOptions } from './comfyui-socket.ts';
import type { EngineDoor } from './engine-door.ts';

/**
 * The socket of one execution, opened again when it is lost: without it nobody sees progress, and a long render that says
 * nothing any more would be taken for a stalled engine.
 */
export class ExecutionSocket {
  private readonly door: Pick<EngineDoor, 'url' | 'headers'>;
  private readonly options: SocketOptions;
  private socket: ComfyuiSocket | null = null;
  private isLost = false;
  private isClosed = false;

  constructor(door: Pick<EngineDoor, 'url' | 'headers'>, options: SocketOptions) {
    this.door = door;
    const listener: SocketListener = { ...options.listener, lost: () => this.lose(options.listener) };
    this.options = { ...options, listener };
  }

  /** @throws as `ComfyuiSocket.open` */
  async open(): Promise<void> {
    const socket = await ComfyuiSocket.open(this.door, this.options);
    if (this.isClosed) socket.close();
    this.socket = socket;
  }

  /**
   * Opens it again if it was lost. An engine that takes no socket just now is asked again the next time: whether the render
   * has ended is not for the socket to say.
   *
   * @throws as `open`, but for `engine.unavailable`
   */
  async mend(): Promise<void> {
    if (!this.isLost) return;
    this.isLost = false;
    try {
      await this.open();
    } catch (error) {
      this.isLost = true;
      if (this.options.signal.aborted || codeOf(error) !== 'engine.unavailable') throw error;
    }
  }

  close(): void {
    this.isClosed = true;
    this.socket?.close();
  }

  private lose(listener: SocketListener): void {
    this.isLost = true;
    listener.lost();
  }
}
