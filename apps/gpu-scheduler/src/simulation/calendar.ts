/** Things to come, soonest first; of two at the same time the one that was added first. A binary heap. */
export class Calendar<Item> {
  private readonly heap: { readonly atMs: number; readonly seq: number; readonly item: Item }[] = [];
  private added = 0;

  get size(): number {
    return this.heap.length;
  }

  soonestMs(): number | null {
    return this.heap[0]?.atMs ?? null;
  }

  add(atMs: number, item: Item): void {
    this.added += 1;
    this.heap.push({ atMs, seq: this.added, item });
    for (let at = this.heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** Takes out everything that is due at `untilMs`. */
  *takeUntil(untilMs: number): Generator<Item, void, undefined> {
    for (let first = this.heap[0]; first !== undefined && first.atMs <= untilMs; first = this.heap[0]) {
      this.removeFirst();
      yield first.item;
    }
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      if (this.isBefore(2 * at + 1, least)) least = 2 * at + 1;
      if (this.isBefore(2 * at + 2, least)) least = 2 * at + 2;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private isBefore(one: number, other: number): boolean {
    const [a, b] = [this.heap[one], this.heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq);
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.heap[one], this.heap[other]];
    if (a === undefined || b === undefined) return;
    this.heap[one] = b;
    this.heap[other] = a;
  }
}
