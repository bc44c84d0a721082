import { Inject, Injectable } from '@nestjs/common';
import { EVENT_STREAM_LIMITS, type EventStreamLimits } from './event-stream.ts';

export const EVENT_STREAM_SETTINGS = Symbol('EVENT_STREAM_SETTINGS');

export interface EventStreamSettings extends EventStreamLimits {
  /** Open streams of one user over all tabs and devices, on this process. */
  readonly perUser: number;
}

export const DEFAULT_EVENT_STREAMS: EventStreamSettings = { ...EVENT_STREAM_LIMITS, perUser: 64 };

/**
 * How much one user may hold open: each SSE answer, each WebSocket and each reply that a WebSocket follows takes a slot.
 */
@Injectable()
export class StreamSlots {
  private readonly perUser: number;
  private readonly taken = new Map<number, number>();

  constructor(@Inject(EVENT_STREAM_SETTINGS) { perUser }: EventStreamSettings) {
    this.perUser = perUser;
  }

  /** What gives the slot back, to be called once; null when the user has none left. */
  take(userId: number): (() => void) | null {
    const count = this.taken.get(userId) ?? 0;
    if (count >= this.perUser) return null;
    this.taken.set(userId, count + 1);
    return () => {
      const left = (this.taken.get(userId) ?? 1) - 1;
      if (left === 0) this.taken.delete(userId);
      else this.taken.set(userId, left);
    };
  }
}
