import type { Verdict } from './figure.ts';
import type { Round } from './rounds.ts';
import { estimate, median, quantile } from './statistics.ts';
import type { Estimate } from './statistics.ts';

/** What a figure's report needs again and again: estimates over rounds, and goals judged by the interval's bad end. */
export class RoundsReport<Name extends string> {
  readonly #rounds: readonly Round<Name>[];
  readonly #random: () => number;
  readonly #isVoid: boolean;

  constructor(
    rounds: readonly Round<Name>[],
    { random, isVoid }: { readonly random: () => number; readonly isVoid: boolean },
  ) {
    this.#rounds = rounds;
    this.#random = random;
    this.#isVoid = isVoid;
  }

  of(statistic: (rounds: readonly Round<Name>[]) => number): Estimate {
    return estimate(this.#rounds, statistic, this.#random);
  }

  /** The median of the rounds' medians. */
  p50(name: Name): Estimate {
    return this.of((some) => medianOf(some, name));
  }

  /** Over every single value. */
  p99(name: Name): Estimate {
    return this.of((some) =>
      quantile(
        some.flatMap((round) => round[name]),
        0.99,
      ),
    );
  }

  /** Median over median, each in the same round. */
  ratio(name: Name, control: Name): Estimate {
    return this.of((some) => median(some.map((round) => median(round[name]) / median(round[control]))));
  }

  atMost(goal: string, measured: Estimate, limit: number, digits = 2): Verdict {
    return { goal, measured: show(measured, digits), holds: this.#isVoid ? null : measured.high <= limit };
  }

  atLeast(goal: string, measured: Estimate, limit: number, digits = 2): Verdict {
    return { goal, measured: show(measured, digits), holds: this.#isVoid ? null : measured.low >= limit };
  }
}

export function show({ value, low, high }: Estimate, digits = 2): string {
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

function medianOf<Name extends string>(rounds: readonly Round<Name>[], name: Name): number {
  return median(rounds.map((round) => median(round[name])));
}
