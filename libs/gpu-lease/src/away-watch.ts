import type { Clock } from '@baton/kernel';

/** How long a node may be away before its waiting jobs go elsewhere: longer than a process-manager takes to come back. */
export const MOVE_AFTER_MS = 30_000;
/** Between two looks. */
const LOOK_MS = 5_000;

export interface AwayWatchContext {
  readonly clock: Clock;
  /** The job's node cannot serve, and another one can. */
  isBetterOff(): Promise<boolean>;
  /** Takes the job out of its node's queue; false when it is being worked on, or is not there. */
  withdraw(): Promise<boolean>;
  /** The job is in no queue any more. */
  withdrawn(): void;
}

/** Watches over one waiting job where there are several GPUs: when its node stays away, the job is taken off it. */
export class AwayWatch {
  private readonly context: AwayWatchContext;
  private cancelLook: () => void = () => undefined;
  private isOver = false;
  private awaySinceMs: number | null = null;
  private withdrawing = false;

  constructor(context: AwayWatchContext) {
    this.context = context;
    this.arm();
  }

  /** The job may be missing from its queue because we have taken it off. */
  get isWithdrawing(): boolean {
    return this.withdrawing;
  }

  stop(): void {
    this.isOver = true;
    this.cancelLook();
  }

  private arm(): void {
    this.cancelLook = this.context.clock.after(LOOK_MS, () => void this.look());
  }

  private async look(): Promise<void> {
    try {
      if (await this.hasStayedAway()) {
        this.withdrawing = true;
        const isOut = await this.context.withdraw();
        if (isOut) {
          if (!this.stopped()) this.context.withdrawn();
          return;
        }
        this.withdrawing = false;
      }
    } catch {
      // Redis could not be asked: whether the job is out is not known, so it stays where it is.
      this.withdrawing = false;
    }
    if (!this.stopped()) this.arm();
  }

  private async hasStayedAway(): Promise<boolean> {
    const nowMs = this.context.clock.monotonic();
    this.awaySinceMs = (await this.context.isBetterOff()) ? (this.awaySinceMs ?? nowMs) : null;
    return !this.stopped() && this.awaySinceMs !== null && nowMs - this.awaySinceMs >= MOVE_AFTER_MS;
  }

  /** A question, not a field: the answer may change at every await. */
  private stopped(): boolean {
    return this.isOver;
  }
}
