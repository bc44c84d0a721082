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
 *   1. at the floor, where it stood when it was last found free: free at once, once the floor itself is certain (memory
 *      of processes that ended just before us may still have been counted in the first figures);
 *   2. above it by no more than the residue, and standing still: free, and this is the new floor;
 *   3. else not free (yet).
 * Pure: time comes in with the readings.
 */
export class MemoryFloor {
  private readonly times: FloorTimes;
  private lowestMib = Number.POSITIVE_INFINITY;
  private floorMib = Number.POSITIVE_INFINITY;
  private lowestSinceMs = 0;
  private last: { usedMib: number; sinceMs: number } | null = null;

  constructor(times: FloorTimes) {
    this.times = times;
  }

  /** Where the card stood when it was last found free; null before the first reading. */
  get atMib(): number | null {
    return Number.isFinite(this.floorMib) ? this.floorMib : null;
  }

  /** Any figure that the card has shown, less what is known to be ours: the true floor is not above it. */
  learn(usedMib: number, nowMs: number): void {
    if (usedMib < this.lowestMib) {
      this.lowestMib = usedMib;
      this.lowestSinceMs = nowMs;
    }
    this.floorMib = Math.min(this.floorMib, usedMib);
  }

  /** An engine's process ended: the context that it kept is gone from the floor. */
  forgetResidue(): void {
    this.floorMib = this.lowestMib;
  }

  /** A program that was part of the floor has left, or needs less. */
  lower(byMib: number): void {
    this.lowestMib = Math.max(0, this.lowestMib - byMib);
    this.floorMib = Math.max(0, this.floorMib - byMib);
  }

  /** Begins a new series of readings. */
  restart(): void {
    this.last = null;
  }

  isFree(usedMib: number, nowMs: number): boolean {
    const verdict = this.judge(usedMib, nowMs);
    this.learn(usedMib, nowMs);
    if (verdict === 'residue') this.floorMib = usedMib;
    return verdict !== 'occupied';
  }

  /** The same for a figure that was reckoned, not read: nothing is learned from it. */
  seemsFree(usedMib: number, nowMs: number): boolean {
    return this.judge(usedMib, nowMs) !== 'occupied';
  }

  private judge(usedMib: number, nowMs: number): 'floor' | 'residue' | 'occupied' {
    const isCertain = nowMs - this.lowestSinceMs >= this.times.settleMs;
    if (isCertain && usedMib <= this.floorMib + NOISE_MIB) return 'floor';
    if (this.last === null || Math.abs(this.last.usedMib - usedMib) > NOISE_MIB / 4) {
      this.last = { usedMib, sinceMs: nowMs };
    }
    const standsStill = nowMs - this.last.sinceMs >= this.times.settleMs;
    const ceilingMib = Math.min(this.lowestMib, usedMib) + this.times.residueMib;
    return standsStill && usedMib <= ceilingMib ? 'residue' : 'occupied';
  }
}
