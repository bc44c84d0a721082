import { AppError, pause, type Clock } from '@baton/kernel';

/** Waits for the moments at which to look whether an execution has ended, and notices when it says nothing any more. */
export class ExecutionWatch {
  private readonly clock: Clock;
  private readonly silenceMs: number;
  private readonly onSilence: (error: AppError) => void;
  private lastHeardAt: number;
  private cancelTimer: () => void;
  private isLookDue = false;
  private lookNow: () => void = () => undefined;

  /** @param onSilence called once when nothing was heard for `silenceMs` */
  constructor(clock: Clock, silenceMs: number, onSilence: (error: AppError) => void) {
    this.clock = clock;
    this.silenceMs = silenceMs;
    this.onSilence = onSilence;
    this.lastHeardAt = clock.monotonic();
    this.cancelTimer = clock.after(silenceMs, this.check);
  }

  heard(): void {
    this.lastHeardAt = this.clock.monotonic();
  }

  /** It is worth a look now: the next wait ends at once, or the present one does. */
  look(): void {
    this.isLookDue = true;
    this.lookNow();
  }

  /** Resolves at the next `look`, at the latest after `ms`. @throws the signal's reason */
  async nextLook(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.isLookDue) {
      const early = new AbortController();
      this.lookNow = () => early.abort();
      await pause(this.clock, ms, AbortSignal.any([early.signal, signal])).catch(() => undefined);
      this.lookNow = () => undefined;
    }
    this.isLookDue = false;
    signal.throwIfAborted();
  }

  end(): void {
    this.cancelTimer();
  }

  private readonly check = (): void => {
    const leftMs = this.silenceMs - (this.clock.monotonic() - this.lastHeardAt);
    if (leftMs > 0) this.cancelTimer = this.clock.after(leftMs, this.check);
    else this.onSilence(new AppError('engine.stalled', { silenceMs: this.silenceMs }));
  };
}
