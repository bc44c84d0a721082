import { LEASE_HEARTBEAT_MS, LEASE_SAFETY_MS, LEASE_TTL_MS } from '@baton/contracts';
import type { Clock } from '@baton/kernel';

/** The holder's first request to the engine goes first. */
export const FIRST_BEAT_MS = 20;

export interface HeartbeatContext {
  readonly clock: Clock;
  /** False when the lease is over; may take as long as Redis is away, and may reject. */
  renew(): Promise<boolean>;
  /** Called once: the holder must stop using the engine now. */
  lost(): void;
}

/**
 * Keeps a lease alive, and knows by itself when it cannot be sure of that any more: `LEASE_SAFETY_MS` before the expiry
 * that the last confirmed heartbeat gave, counted from when that heartbeat was sent. The lease may have been granted a
 * while before its holder heard of it, so the first heartbeat goes out nearly at once and has one interval to be confirmed.
 */
export class Heartbeat {
  private readonly context: HeartbeatContext;
  private cancelBeat: () => void = () => undefined;
  private cancelDeadline: () => void = () => undefined;
  private isOver = false;

  constructor(context: HeartbeatContext) {
    this.context = context;
  }

  start(): void {
    this.setDeadline(this.context.clock.monotonic() + LEASE_HEARTBEAT_MS);
    this.cancelBeat = this.context.clock.after(FIRST_BEAT_MS, () => void this.beat());
  }

  stop(): void {
    this.isOver = true;
    this.cancelBeat();
    this.cancelDeadline();
  }

  private async beat(): Promise<void> {
    const sentAt = this.context.clock.monotonic();
    let isAlive: boolean | null = null;
    try {
      isAlive = await this.context.renew();
    } catch {
      // Nobody knows; the deadline decides.
    }
    if (this.isOver) return;
    if (isAlive === false) {
      this.lose();
      return;
    }
    if (isAlive) this.setDeadline(sentAt + LEASE_TTL_MS - LEASE_SAFETY_MS);
    const nextIn = Math.max(0, sentAt + LEASE_HEARTBEAT_MS - this.context.clock.monotonic());
    this.cancelBeat = this.context.clock.after(nextIn, () => void this.beat());
  }

  private setDeadline(atMs: number): void {
    this.cancelDeadline();
    this.cancelDeadline = this.context.clock.after(Math.max(0, atMs - this.context.clock.monotonic()), () =>
      this.lose(),
    );
  }

  private lose(): void {
    if (this.isOver) return;
    this.stop();
    this.context.lost();
  }
}
