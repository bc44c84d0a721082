import type { Clock } from '@baton/kernel';
import type { ServerMessage } from '@baton/contracts';
import { WebSocket } from 'ws';
import type { EventStreamLimits } from '../sse/event-stream.ts';

/** A reader for whom more than this is kept gets nothing new from sources that can wait. */
const CONGESTED_BYTES = 65_536;

/** The outgoing side of a WebSocket: what is kept for a reader is bounded, and one that takes nothing is sent away. */
export class SocketOutlet {
  private readonly socket: WebSocket;
  private readonly clock: Clock;
  private readonly limits: EventStreamLimits;
  private readonly onTooSlow: () => void;
  private readonly waiting = new Set<() => void>();
  private readonly onTaken = (): void => {
    if (this.isCongested) return;
    for (const wake of this.waiting) wake();
  };

  /** @param onTooSlow ends the connection without sending what is still kept */
  constructor(socket: WebSocket, clock: Clock, limits: EventStreamLimits, onTooSlow: () => void) {
    this.socket = socket;
    this.clock = clock;
    this.limits = limits;
    this.onTooSlow = onTooSlow;
  }

  send(message: ServerMessage): void {
    this.sendText(JSON.stringify(message));
  }

  /** Never waits. Goes nowhere when the connection is closing. */
  sendText(text: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(text, this.onTaken);
    if (this.socket.bufferedAmount > this.limits.maxBufferedBytes) this.onTooSlow();
  }

  get isCongested(): boolean {
    return this.socket.readyState === WebSocket.OPEN && this.socket.bufferedAmount > CONGESTED_BYTES;
  }

  /** Resolves when there is room again or `signal` is aborted; ends the connection when that takes too long. */
  drained(signal: AbortSignal): Promise<void> {
    if (!this.isCongested || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        cancelStall();
        this.waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        resolve();
      };
      const cancelStall = this.clock.after(this.limits.stallMs, () => this.onTooSlow());
      this.waiting.add(settle);
      signal.addEventListener('abort', settle, { once: true });
    });
  }
}
