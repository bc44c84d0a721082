/** A virtual clock: what is to happen, in order of time, and of planning where times are equal. */
export class Agenda {
  nowMs = 0;
  private readonly heap: Entry[] = [];
  private planned = 0;

  after(ms: number, run: () => void): void {
    this.planned += 1;
    const entry = { atMs: this.nowMs + Math.max(0, ms), order: this.planned, run };
    this.heap.push(entry);
    let at = this.heap.length - 1;
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = this.heap[up];
      if (parent === undefined || !isSooner(entry, parent)) break;
      this.heap[at] = parent;
      at = up;
    }
    this.heap[at] = entry;
  }

  /** Everything up to then happens, and what follows from it. */
  runUntil(atMs: number): void {
    for (let first = this.heap[0]; first !== undefined && first.atMs <= atMs; first = this.heap[0]) {
      this.dropFirst();
      this.nowMs = first.atMs;
      first.run();
    }
    this.nowMs = Math.max(this.nowMs, atMs);
  }

  private dropFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = this.heap[2 * at + 1];
      const right = this.heap[2 * at + 2];
      const isRight = right !== undefined && left !== undefined && isSooner(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isSooner(child, last)) break;
      this.heap[at] = child;
      at = isRight ? 2 * at + 2 : 2 * at + 1;
    }
    this.heap[at] = last;
  }
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

function isSooner(one: Entry, other: Entry): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}

/** Chance that comes back the same for the same seed (mulberry32). */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** 0 up to, not including, 1. */
  share(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return Math.round(low + this.share() * (high - low));
  }

  happens(share: number): boolean {
    return this.share() < share;
  }
}

/** `expect` costs too much for what is asked a million times. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`broken: ${what}`);
}
