/**
 * The newest values of one kind, as plain data. A distribution in a few numbers: quantiles and spread come from it, old
 * values fade by falling out, and nothing is assumed about its shape.
 */
export interface Window {
  readonly values: readonly number[];
  /** Where the next value goes, once it is full. */
  readonly next: number;
}

/** Enough for a 90 % quantile that is not one outlier, and few enough that a changed disk is learned within an hour. */
export const WINDOW_SIZE = 60;

export function addSample(window: Window | undefined, value: number): Window {
  const kept = window?.values ?? [];
  // Seven digits are enough to decide with, and the whole goes through JSON.
  const rounded = Number(value.toPrecision(7));
  if (kept.length < WINDOW_SIZE) return { values: [...kept, rounded], next: (kept.length + 1) % WINDOW_SIZE };
  const next = window?.next ?? 0;
  return { values: kept.with(next, rounded), next: (next + 1) % WINDOW_SIZE };
}

export function isWindow(value: unknown): value is Window {
  if (typeof value !== 'object' || value === null) return false;
  const { values, next } = value as { values?: unknown; next?: unknown };
  return (
    Array.isArray(values) &&
    values.length > 0 &&
    values.length <= WINDOW_SIZE &&
    values.every((one) => typeof one === 'number' && Number.isFinite(one)) &&
    typeof next === 'number' &&
    Number.isInteger(next) &&
    next >= 0 &&
    next < WINDOW_SIZE
  );
}

/** Between the two nearest values; 0 when there is none. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((one, other) => one - other);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

const known = new WeakMap<Window, { mean: number; variance: number }>();

/** Mean and variance; null without any value. Remembered by window, because windows never change. */
export function typical(window: Window | undefined): { mean: number; variance: number } | null {
  if (window === undefined || window.values.length === 0) return null;
  const before = known.get(window);
  if (before !== undefined) return before;
  const { values } = window;
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  // Few values look more alike than they are.
  const variance = (squares + (0.3 * mean) ** 2) / values.length;
  const band = { mean, variance };
  known.set(window, band);
  return band;
}
