import { laneKey, type Lane } from '@baton/contracts';
import type { FootprintsStore } from './footprints.store.ts';

/** The card at the moment of the question, in MiB. */
export interface CardRoom {
  readonly totalMib: number;
  readonly usedMib: number;
  /** In use while none of our engines holds anything; null when it was never seen so. */
  readonly emptyMib: number | null;
}

export interface SharingQuestion {
  /** The lane that has the next visit, and whether it is in memory already. */
  readonly to: Lane;
  readonly isLoaded: boolean;
  /** Lanes of other engines that would stay in memory. */
  readonly beside: readonly Lane[];
  readonly room: CardRoom;
}

/**
 * Whether engines may stay in memory beside each other. Visits stay exclusive in time: only one of them computes. Checked
 * in this order:
 *   1. switched off, or the card was never seen empty: no;
 *   2. a lane whose need was never measured: no;
 *   3. two lanes that were too much for the card before: no;
 *   4. all needs together, what the card holds without us, and the minimum that must stay free, exceed the card: no;
 *   5. what is free now does not hold the lane that has to be loaded, and the minimum: no;
 *   6. else yes.
 */
export class Sharing {
  private readonly footprints: FootprintsStore;
  readonly isOn: boolean;
  private readonly minFreeMib: number;

  constructor(footprints: FootprintsStore, settings: { isOn: boolean; minFreeMib: number }) {
    this.footprints = footprints;
    this.isOn = settings.isOn;
    this.minFreeMib = settings.minFreeMib;
  }

  mayStay({ to, isLoaded, beside, room }: SharingQuestion): boolean {
    if (!this.isOn || room.emptyMib === null) return false;
    const needs = [to, ...beside].map((lane) => this.needMib(lane));
    if (needs.includes(null)) return false;
    if (beside.some((other) => this.footprints.areApart(laneKey(to), laneKey(other)))) return false;
    const togetherMib = needs.reduce<number>((sum, need) => sum + (need ?? 0), 0);
    if (togetherMib + room.emptyMib + this.minFreeMib > room.totalMib) return false;
    const toLoadMib = isLoaded ? 0 : (needs[0] ?? 0);
    return toLoadMib + this.minFreeMib <= room.totalMib - room.usedMib;
  }

  /** True when so little is free that nobody may go on staying beside the owner. */
  isCrowded(totalMib: number, usedMib: number): boolean {
    return totalMib - usedMib < this.minFreeMib;
  }

  /** What a lane was measured to need; null when it never was. */
  needMib(lane: Lane): number | null {
    return this.footprints.mibOf(laneKey(lane));
  }

  learn(lane: Lane, mib: number): void {
    if (mib > 0) this.footprints.learn(laneKey(lane), mib);
  }

  /** They were too much for the card together. */
  keepApart(lane: Lane, beside: readonly Lane[]): void {
    for (const other of beside) this.footprints.keepApart(laneKey(lane), laneKey(other));
  }
}
