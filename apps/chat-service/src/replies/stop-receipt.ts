import type { MessageDetails } from '@baton/contracts';
import { pause, type Clock } from '@baton/kernel';

export type Receipt = NonNullable<MessageDetails['receipt']>;

/** Longer is not waited for: whoever pressed Stop is answered, and the receipt is left out. */
const PATIENCE_MS = 1_000;

/** One attempt's time at a place: since when it is held, and when the place was really free of it again. */
export class Stay {
  private readonly clock: Clock;
  private readonly freed = Promise.withResolvers<number | null>();
  private readonly estimateMs: number;
  private readonly isGpu: boolean;
  private seatedAtMs: number | null = null;

  constructor(clock: Clock, { estimateMs, isGpu }: { readonly estimateMs: number; readonly isGpu: boolean }) {
    this.clock = clock;
    this.estimateMs = estimateMs;
    this.isGpu = isGpu;
  }

  seated(): void {
    this.seatedAtMs = this.clock.monotonic();
  }

  /** May be told before the attempt itself has ended, or after, or never. */
  readonly onFreed = ({ isQuiet }: { readonly isQuiet: boolean }): void => {
    this.freed.resolve(isQuiet ? this.clock.monotonic() : null);
  };

  /** Waits until the place is free, a moment at most; null when nobody could tell in time. */
  async receipt(stoppedAtMs: number): Promise<Receipt | null> {
    const freedAtMs = await this.freedAtMs();
    if (freedAtMs === null) return null;
    const heldMs = this.seatedAtMs === null ? 0 : stoppedAtMs - this.seatedAtMs;
    return {
      idle_ms: Math.max(0, Math.round(freedAtMs - stoppedAtMs)),
      returned_ms: this.isGpu ? Math.max(0, Math.round(this.estimateMs - heldMs)) : null,
    };
  }

  private async freedAtMs(): Promise<number | null> {
    const giveUp = new AbortController();
    const patience = pause(this.clock, PATIENCE_MS, giveUp.signal).then(
      () => null,
      () => null,
    );
    const at = await Promise.race([this.freed.promise, patience]);
    giveUp.abort();
    return at;
  }
}
