/** How close to the floor counts as the floor: the driver rounds, and a display moves a little. */
const NOISE_MIB = 64;

export interface FloorTimes {
  /**
   * Engines keep a driver context after a soft release, and other programs use the card a little: what may lie above
   * the lowest figure known without the card counting as occupied.
   */
  readonly residueMib: number;
  /** The driver tells of freed memory up to 1.5 s late; a figure that stands still this long is final. */
  readonly settleMs: number;
}

/**
 * Decides from readings whether the card is free again, in this order:
 *   1. at the floor, where it stood when it was last found free: free at once;
 *   2. above it by no more than the residue, and standing still: free, and this is the new floor;
 *   3. else not free (yet).
 * Pure: time comes in with the readings.
 */
export class MemoryFloor {
  private readonly times: FloorTimes;
  private lowestMib: number | null = null;
  private floorMib: number | null = null;
  private last: { usedMib: number; sinceMs: number } | null = null;

  constructor(times: FloorTimes) {
    this.times = times;
  }

  /** A figure from a time when no engine held anything, or less than it: the true floor is not above it. */
  learn(usedMib: number): void {
    this.lowestMib = Math.min(this.lowestMib ?? usedMib, usedMib);
    this.floorMib = this.floorMib === null ? this.lowestMib : Math.min(this.floorMib, usedMib);
  }

  /** An engine's process ended: the context that it kept is gone from the floor. */
  forgetResidue(): void {
    this.floorMib = this.lowestMib;
  }

  /** Begins a new series of readings. */
  restart(): void {
    this.last = null;
  }

  isFree(usedMib: number, nowMs: number): boolean {
    if (this.lowestMib === null || this.floorMib === null) this.learn(usedMib);
    const lowest = this.lowestMib ?? usedMib;
    const floor = this.floorMib ?? usedMib;
    if (usedMib <= floor + NOISE_MIB) {
      this.learn(usedMib);
      return true;
    }
    if (this.last === null || Math.abs(this.last.usedMib - usedMib) > NOISE_MIB / 4) {
      this.last = { usedMib, sinceMs: nowMs };
    }
    if (usedMib > lowest + this.times.residueMib || nowMs - this.last.sinceMs < this.times.settleMs)
      return false;
    this.floorMib = usedMib;
    return true;
  }
}
