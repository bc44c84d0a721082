import type { Clock } from '@baton/kernel';

/**
 * Lets the first change through at once and later ones at most once per interval, always the latest. So a lone change is
 * never late, and a flood costs one message per interval.
 */
export class ChangePace<T> {
  private readonly clock: Clock;
  private readonly intervalMs: number;
  private readonly send: (value: T) => void;
  private cancel: (() => void) | null = null;
  private held: { readonly value: T } | null = null;
  private isClosed = false;

  constructor(clock: Clock, intervalMs: number, send: (value: T) => void) {
    this.clock = clock;
    this.intervalMs = intervalMs;
    this.send = send;
  }

  offer(value: T): void {
    if (this.cancel !== null) {
      this.held = { value };
      return;
    }
    this.send(value);
    if (this.isClosed) return;
    this.cancel = this.clock.after(this.intervalMs, () => {
      this.cancel = null;
      const { held } = this;
      this.held = null;
      if (held !== null) this.offer(held.value);
    });
  }

  /** What changes after this is told at once, and no timer is left behind. */
  close(): void {
    this.isClosed = true;
    this.cancel?.();
    this.cancel = null;
    this.held = null;
  }
}
