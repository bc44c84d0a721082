import { AppError, type Clock } from '@baton/kernel';

/** Aborts when nothing is heard for too long. Costs one comparison per sign of life: the timer is only set anew late. */
export class SilenceWatch {
  private readonly clock: Clock;
  private readonly onSilence: (error: AppError) => void;
  private patienceMs: number;
  private lastSignAt: number;
  private cancelTimer: () => void;

  constructor(clock: Clock, patienceMs: number, onSilence: (error: AppError) => void) {
    this.clock = clock;
    this.onSilence = onSilence;
    this.patienceMs = patienceMs;
    this.lastSignAt = clock.monotonic();
    this.cancelTimer = clock.after(patienceMs, this.check);
  }

  /** Something was heard; from now on `patienceMs` may pass until the next time. */
  heard(patienceMs: number): void {
    this.lastSignAt = this.clock.monotonic();
    if (patienceMs === this.patienceMs) return;
    this.patienceMs = patienceMs;
    this.cancelTimer();
    this.cancelTimer = this.clock.after(patienceMs, this.check);
  }

  end(): void {
    this.cancelTimer();
  }

  private readonly check = (): void => {
    const silentMs = this.clock.monotonic() - this.lastSignAt;
    const leftMs = this.patienceMs - silentMs;
    if (leftMs <= 0) {
      this.onSilence(new AppError('engine.stalled', { silentMs: Math.round(silentMs) }));
      return;
    }
    this.cancelTimer = this.clock.after(leftMs, this.check);
  };
}
