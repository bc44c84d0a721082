/**
 * A map whose copy costs nothing: the copy reads through to the original and keeps its own changes for itself. A copy is
 * good only until the original changes; that is enough for thinking ahead, which happens between two facts.
 */
export class LayeredMap<K, V> {
  private readonly below: LayeredMap<K, V> | null;
  private readonly own = new Map<K, V>();
  /** What the original has and this copy has not any more. */
  private readonly gone = new Set<K>();
  private count: number;

  constructor(below: LayeredMap<K, V> | null = null) {
    this.below = below;
    this.count = below?.size ?? 0;
  }

  get size(): number {
    return this.count;
  }

  get(key: K): V | undefined {
    const value = this.own.get(key);
    if (value !== undefined || this.below === null || this.gone.has(key)) return value;
    return this.below.get(key);
  }

  has(key: K): boolean {
    return this.own.has(key) || (this.below !== null && !this.gone.has(key) && this.below.has(key));
  }

  /** Whether the value is this copy's own, and may be changed without changing the original's. */
  isOwn(key: K): boolean {
    return this.below === null || this.own.has(key);
  }

  set(key: K, value: V): void {
    if (!this.has(key)) this.count += 1;
    this.own.set(key, value);
  }

  delete(key: K): void {
    if (!this.has(key)) return;
    this.count -= 1;
    this.own.delete(key);
    if (this.below?.has(key) === true) this.gone.add(key);
  }

  *entries(): Generator<[K, V], void, undefined> {
    if (this.below !== null) {
      for (const [key, value] of this.below.entries()) {
        if (!this.gone.has(key) && !this.own.has(key)) yield [key, value];
      }
    }
    yield* this.own;
  }

  *keys(): Generator<K, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }
}
