/**
 * A binary heap that keeps its array in the same order as Python's `heapq`, because ComfyUI shows that array to
 * clients as `queue_pending`. `isBefore` may throw, as Python does for entries it cannot compare.
 */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#items.push(item);
    try {
      this.#rise(this.#items.length - 1, 0);
    } catch (cause) {
      // Python has appended the entry before it fails to compare it, and there it stays.
      throw new TypeError('entries cannot be compared', { cause });
    }
  }

  pop(): T | undefined {
    const last = this.#items.pop();
    const top = this.#items[0];
    if (last === undefined || top === undefined) return last;
    this.#items[0] = last;
    this.#sink(0);
    return top;
  }

  /** Takes out the first entry, in array order, for which `matches` holds; false when there is none. */
  remove(matches: (item: T) => boolean): boolean {
    const index = this.#items.findIndex(matches);
    if (index < 0) return false;
    this.#items.splice(index, 1);
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at);
    return true;
  }

  clear(): void {
    this.#items.length = 0;
  }

  #rise(from: number, floor: number): void {
    const item = this.#items[from] as T;
    let at = from;
    while (at > floor) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#items[parentAt] as T;
      if (!this.#isBefore(item, parent)) break;
      this.#items[at] = parent;
      at = parentAt;
    }
    this.#items[at] = item;
  }

  /** Follows the smaller child to a leaf, then lets the entry rise: fewer comparisons, and heapq's very order. */
  #sink(from: number): void {
    const { length } = this.#items;
    const item = this.#items[from] as T;
    let at = from;
    for (let child = 2 * at + 1; child < length; child = 2 * at + 1) {
      const right = child + 1;
      const takesRight = right < length && !this.#isBefore(this.#items[child] as T, this.#items[right] as T);
      const smaller = takesRight ? right : child;
      this.#items[at] = this.#items[smaller] as T;
      at = smaller;
    }
    this.#items[at] = item;
    this.#rise(at, from);
  }
}
