/** A figure with its 95 % bootstrap interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;

/** Linear between the two nearest values; `share` from 0 to 1. @throws RangeError for no values */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError('a quantile of nothing');
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * `statistic` of the rounds, with the interval that drawing the rounds anew gives. Rounds are drawn, not single values:
 * what disturbs a machine disturbs a whole round.
 */
export function estimate<Round>(
  rounds: readonly Round[],
  statistic: (rounds: readonly Round[]) => number,
  random: () => number,
): Estimate {
  const draws = Array.from({ length: RESAMPLES }, () =>
    statistic(rounds.map((round) => rounds[Math.floor(random() * rounds.length)] ?? round)),
  );
  return { value: statistic(rounds), low: quantile(draws, 0.025), high: quantile(draws, 0.975) };
}

/** How much the median of the second half differs from that of the first, as a share of the smaller one. */
export function drift(perRound: readonly number[]): number {
  const half = Math.floor(perRound.length / 2);
  const [first, second] = [median(perRound.slice(0, half)), median(perRound.slice(-half))];
  return Math.max(first, second) / Math.min(first, second) - 1;
}
