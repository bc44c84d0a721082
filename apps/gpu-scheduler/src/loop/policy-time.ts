import type { Clock } from '@baton/kernel';

/**
 * The time that a term's decisions are made by: the wall clock at its beginning, and from there on only forward. A clock
 * that is set while the term lasts moves no deadline and makes no visit negative.
 */
export class PolicyTime {
  private readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  private readonly offsetMs: number;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.clock = clock;
    this.offsetMs = clock.now() - clock.monotonic();
  }

  now(): number {
    return Math.round(this.offsetMs + this.clock.monotonic());
  }
}
