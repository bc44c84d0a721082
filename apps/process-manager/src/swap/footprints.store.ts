import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeDurably } from '../durable-file.ts';

const file = z.object({
  version: z.literal(1),
  /** MiB of the card by lane, the newest measurement last. */
  lanes: z.record(z.string(), z.array(z.int().nonnegative())),
  /** Pairs of lanes that did not get on, as `a|b` with the smaller key first. */
  apart: z.array(z.string()),
});
type Footprints = z.infer<typeof file>;

/** The largest of so many visits counts: a render may be larger than the last one was. */
const MEASUREMENTS_KEPT = 5;

/** How much of the card each lane needs, as measured, on disk; and which lanes have been too much for it together. */
export class FootprintsStore {
  private readonly path: string;
  private kept: Footprints;

  /** A file that cannot be understood counts as empty: everything in it can be measured again. */
  constructor(path: string) {
    this.path = path;
    this.kept = read(path);
  }

  /** Null for a lane that was never measured. */
  mibOf(laneKey: string): number | null {
    const measured = this.kept.lanes[laneKey];
    return measured === undefined || measured.length === 0 ? null : Math.max(...measured);
  }

  learn(laneKey: string, mib: number): void {
    const before = this.kept.lanes[laneKey] ?? [];
    const measured = [...before, Math.max(0, Math.round(mib))].slice(-MEASUREMENTS_KEPT);
    this.write({ ...this.kept, lanes: { ...this.kept.lanes, [laneKey]: measured } });
  }

  areApart(a: string, b: string): boolean {
    return this.kept.apart.includes(pairOf(a, b));
  }

  /** For good: what was too much once would be too much again. Removing the file forgets it. */
  keepApart(a: string, b: string): void {
    if (this.areApart(a, b)) return;
    this.write({ ...this.kept, apart: [...this.kept.apart, pairOf(a, b)] });
  }

  /** What a full disk does not take holds until our end, and is measured again after it: no reason to fail a swap. */
  private write(footprints: Footprints): void {
    this.kept = footprints;
    try {
      writeDurably(this.path, JSON.stringify(footprints));
    } catch {
      // The next one writes all of it.
    }
  }
}

function pairOf(a: string, b: string): string {
  return [a, b].sort().join('|');
}

function read(path: string): Footprints {
  try {
    return file.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return { version: 1, lanes: {}, apart: [] };
  }
}
