import type { EngineName } from '@baton/contracts';

export interface CardSample {
  readonly at_ms: number;
  readonly used_mib: number;
  readonly total_mib: number;
  readonly foreign_mib: number | null;
  readonly owner: EngineName | null;
}

/** An hour at the usual pace. */
const SAMPLES_KEPT = 1_800;

/** Memory of the card over time: the newest samples, in a ring that never grows. */
export class CardHistory {
  private readonly ring: CardSample[] = [];
  private next = 0;

  add(sample: CardSample): void {
    this.ring[this.next] = sample;
    this.next = (this.next + 1) % SAMPLES_KEPT;
  }

  /** Oldest first. */
  samples(): CardSample[] {
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }
}
