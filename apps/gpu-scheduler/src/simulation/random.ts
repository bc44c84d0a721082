/**
 * A seeded source of chance: the same seed gives the same numbers on every machine. A 32-bit counter with an odd step, each
 * value mixed by two multiply-and-shift rounds; good enough for arrivals and durations, useless for secrets.
 */
export class Random {
  private counter: number;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.counter = mix(this.seed);
  }

  /** Independent of what this one is used for from here on: a policy that draws more does not disturb the others. */
  fork(name: string): Random {
    let hash = this.seed;
    for (const letter of name) hash = mix(hash ^ (letter.codePointAt(0) ?? 0));
    return new Random(hash);
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.counter = (this.counter + 0x9e37_79b9) >>> 0;
    return mix(this.counter) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  logNormal(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()));
  }

  /** The position in `weights`, which add up to 1, that the draw falls into. */
  weighted(weights: readonly number[]): number {
    let left = this.next();
    for (const [at, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return at;
    }
    return weights.length - 1;
  }
}

function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
