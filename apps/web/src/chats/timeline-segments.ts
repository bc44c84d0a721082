import type { SwapPhase, TimelineEntry } from '@baton/contracts';

export type SegmentKind = 'queued' | SwapPhase | 'first' | 'work';

export interface Segment {
  readonly kind: SegmentKind;
  readonly ms: number;
}

/** What one use of the GPU was made of, in order; steps that took no time are left out. */
export function timelineSegments(entry: TimelineEntry): readonly Segment[] {
  // The wait includes the swap. Clocks of two processes measured them, so the rest may come out below zero.
  const queuedMs = Math.max(0, entry.queued_ms - (entry.swap?.total_ms ?? 0));
  const firstMs = entry.first_ms ?? 0;
  const workMs = Math.max(0, entry.total_ms - entry.queued_ms - firstMs);
  const swap = entry.swap?.phases.map(({ phase, ms }): Segment => ({ kind: phase, ms })) ?? [];
  const all: readonly Segment[] = [
    { kind: 'queued', ms: queuedMs },
    ...swap,
    { kind: 'first', ms: firstMs },
    { kind: 'work', ms: workMs },
  ];
  return all.filter(({ ms }) => ms > 0);
}

/**
 * What all uses of the GPU by one message took together, in ms. Several pictures wait side by side, each while the others
 * are made, so that their times can add up to more than has passed.
 *
 * @param elapsedMs from the question to the end of the answer; null where that is not known
 */
export function timelineTotals(
  entries: readonly TimelineEntry[],
  elapsedMs: number | null,
): { waitedMs: number; totalMs: number } {
  const summedMs = entries.reduce((sum, entry) => sum + entry.total_ms, 0);
  const waitedMs = entries.reduce((sum, entry) => sum + entry.queued_ms, 0);
  if (elapsedMs === null || summedMs <= elapsedMs) return { waitedMs, totalMs: summedMs };
  return { waitedMs: Math.max(0, elapsedMs - (summedMs - waitedMs)), totalMs: elapsedMs };
}
