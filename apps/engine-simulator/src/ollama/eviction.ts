import type { KeepAliveMs } from './keep-alive.ts';

/** What must be equal for a loaded model to serve a request; a difference reloads it. */
export interface LoadOptions {
  /** As asked; the runner clamps it to what the model was trained for. */
  readonly numCtx: number;
  /** The other load-time options and the field `shift`, as one comparable text. */
  readonly others: string;
}

export function needsReload(loaded: LoadOptions, wanted: LoadOptions): boolean {
  return loaded.numCtx !== wanted.numCtx || loaded.others !== wanted.others;
}

export interface Evictable {
  readonly refs: number;
  readonly keepAliveMs: KeepAliveMs;
  /** Stands for the path of the weights, the last criterion. */
  readonly blob: string;
}

/**
 * Who goes when room is needed. Checked in this order:
 *   1. an idle model before a busy one;
 *   2. among those the shortest keep-alive;
 *   3. then the order of paths.
 * A busy one is chosen only when none is idle; its requests run to their end first. Undefined when none is loaded.
 */
export function chooseVictim<Runner extends Evictable>(runners: readonly Runner[]): Runner | undefined {
  return [...runners].sort(
    (a, b) =>
      Number(a.refs > 0) - Number(b.refs > 0) ||
      compareNumbers(a.keepAliveMs, b.keepAliveMs) ||
      (a.blob < b.blob ? -1 : 1),
  )[0];
}

/** Room is predicted, not measured: a model must fit into 80 % of what seems free while others are loaded. */
export function seemsToFit(wantedBytes: number, freeBytes: number): boolean {
  return wantedBytes <= freeBytes * 0.8;
}

/** Infinity minus Infinity is no order. */
function compareNumbers(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Default `num_ctx` by the card's size, as the real program chooses it when nothing is set. */
export function defaultContextLength(totalBytes: number): number {
  const gib = totalBytes / 1_024 ** 3;
  if (gib >= 47) return 262_144;
  return gib >= 23 ? 32_768 : 4_096;
}
