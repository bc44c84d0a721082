import type { Clock } from '@baton/kernel';
import type { Lead } from './lease.store.ts';

/** Without a renewal for this long the leadership is free. */
export const LEADERSHIP_TTL_MS = 1_500;
/** Under a third of the lifetime: two renewals may be lost. */
export const LEADERSHIP_RENEW_MS = 300;

export interface LeadershipContext {
  readonly clock: Clock;
  /** `believed`: the epoch that we lead in, as far as we know; `highest`: seen so far. Rejects when nobody can tell. */
  lead(believed: number | null, highest: number): Promise<Lead>;
  /** Called once per term, before it is served. */
  begin(epoch: number): void;
  /** We do not lead any more, or lead in another epoch; called before the next `begin`. */
  end(epoch: number): void;
}

/**
 * Runs for the leadership for ever. While nobody can tell who leads nothing changes here: Redis itself refuses what a
 * former leader writes, and a leader that cannot reach Redis cannot write.
 */
export class Leadership {
  private readonly context: LeadershipContext;
  private epoch: number | null = null;
  private highest = 0;
  private cancelTimer: () => void = () => undefined;
  private isStopped = false;
  private asking: Promise<void> = Promise.resolve();

  constructor(context: LeadershipContext) {
    this.context = context;
  }

  get currentEpoch(): number | null {
    return this.epoch;
  }

  start(): void {
    this.asking = this.ask();
  }

  /** After a script was refused: ask at once rather than at the next renewal. */
  doubt(epoch: number): void {
    if (this.epoch !== epoch || this.isStopped) return;
    this.settle(null);
  }

  /** Resolves when no question is under way any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelTimer();
    await this.asking;
    this.settle(null);
  }

  private async ask(): Promise<void> {
    try {
      const { isLeader, epoch } = await this.context.lead(this.epoch, this.highest);
      this.highest = Math.max(this.highest, epoch);
      if (!this.isStopped) this.settle(isLeader ? epoch : null);
    } catch {
      // Redis is away, which its own connection reports; the next round asks again.
    }
    if (this.isStopped) return;
    this.cancelTimer = this.context.clock.after(LEADERSHIP_RENEW_MS, () => {
      this.asking = this.ask();
    });
  }

  private settle(epoch: number | null): void {
    if (epoch === this.epoch) return;
    const before = this.epoch;
    this.epoch = epoch;
    if (before !== null) this.context.end(before);
    if (epoch !== null) this.context.begin(epoch);
  }
}
