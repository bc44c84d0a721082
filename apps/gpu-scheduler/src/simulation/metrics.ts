import { classOf, waitMs, type JobClass, type JobRecord } from './job.ts';
import type { RunResult } from './run.ts';

/** Seconds from arrival to grant, of those that were served. */
export interface Waits {
  readonly count: number;
  readonly meanS: number;
  readonly p50S: number;
  readonly p95S: number;
  readonly maxS: number;
}

/** What one run of one policy comes to. */
export interface Measures {
  readonly image: Waits;
  readonly chat: Waits;
  /** Images of everybody but the one who floods; without a flood the same as `image`. */
  readonly othersImage: Waits;
  readonly meanWaitS: number;
  readonly refused: number;
  readonly swapsPerHour: number;
  /** Serving over serving, swapping and idling while somebody waits. */
  readonly useful: number;
  readonly makespanS: number;
  /** From the first of the prompts that nobody waits for to the end of the last; null without any. */
  readonly backgroundS: number | null;
  /** Jain's index of the users' 1 / slowdown: 1 when everybody is slowed down alike. */
  readonly fairness: number;
}

/** How good the expectation at arrival was, over every job that got one and was served. */
export interface Foresight {
  readonly count: number;
  /** Share of the waits that were not longer than the p90. */
  readonly coverage: number;
  /** Median of |wait - p50| / wait, of the waits over 10 s; null when there is none. */
  readonly medianError: number | null;
}

const LONG_WAIT_MS = 10_000;

/** Linear between the two nearest of the sorted values; 0 of nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function waitsOf(records: readonly JobRecord[]): Waits {
  const seconds = records.map((record) => waitMs(record)).filter((ms) => ms !== null);
  const sorted = seconds.map((ms) => ms / 1_000).sort((a, b) => a - b);
  return {
    count: sorted.length,
    meanS: mean(sorted),
    p50S: quantile(sorted, 0.5),
    p95S: quantile(sorted, 0.95),
    maxS: sorted.at(-1) ?? 0,
  };
}

export function measure(
  { records, account, makespanMs }: RunResult,
  { hours, flooder }: { readonly hours: number; readonly flooder: number | null },
): Measures {
  const awaited = records.filter(({ job }) => job.urgency === undefined);
  const ofClass = (kind: JobClass): JobRecord[] => awaited.filter(({ job }) => classOf(job) === kind);
  const images = ofClass('image');
  const backlogMs = account.servingMs + account.swappingMs + account.idleWithBacklogMs;
  return {
    image: waitsOf(images),
    chat: waitsOf(ofClass('chat')),
    othersImage: waitsOf(images.filter(({ job }) => job.userId !== flooder)),
    meanWaitS: waitsOf(awaited).meanS,
    refused: records.filter(({ grantedMs }) => grantedMs === null).length,
    swapsPerHour: account.swaps / hours,
    useful: backlogMs === 0 ? 1 : account.servingMs / backlogMs,
    makespanS: makespanMs / 1_000,
    backgroundS: spanS(records.filter(({ job }) => job.urgency === 'background')),
    fairness: fairness(awaited),
  };
}

function spanS(records: readonly JobRecord[]): number | null {
  if (records.length === 0) return null;
  const first = Math.min(...records.map(({ job }) => job.arrivalMs));
  return (Math.max(...records.map(({ endedMs }) => endedMs)) - first) / 1_000;
}

/** Jain's index over users; a user's slowdown is the mean of (wait + work) / work over their jobs. */
export function fairness(records: readonly JobRecord[]): number {
  const slowdowns = new Map<number, number[]>();
  for (const record of records) {
    const ms = waitMs(record);
    if (ms === null) continue;
    const list = slowdowns.get(record.job.userId) ?? [];
    list.push((ms + record.job.serviceMs) / record.job.serviceMs);
    slowdowns.set(record.job.userId, list);
  }
  const speeds = [...slowdowns.values()].map((list) => 1 / mean(list));
  const squares = speeds.reduce((sum, speed) => sum + speed ** 2, 0);
  return squares === 0 ? 1 : speeds.reduce((sum, speed) => sum + speed, 0) ** 2 / (speeds.length * squares);
}

/** Null when the policy expected nothing. */
export function foresight(records: readonly JobRecord[]): Foresight | null {
  const told = records.flatMap((record) => {
    const ms = waitMs(record);
    const isAwaited = record.job.urgency === undefined;
    return !isAwaited || record.expected === null || ms === null ? [] : [{ ...record.expected, ms }];
  });
  if (told.length === 0) return null;
  const errors = told.filter(({ ms }) => ms > LONG_WAIT_MS).map(({ ms, p50Ms }) => Math.abs(ms - p50Ms) / ms);
  return {
    count: told.length,
    coverage: told.filter(({ ms, p90Ms }) => ms <= p90Ms).length / told.length,
    medianError:
      errors.length === 0
        ? null
        : quantile(
            errors.sort((a, b) => a - b),
            0.5,
          ),
  };
}

/** Means over the seeds; a maximum stays the maximum. */
export function overSeeds(runs: readonly Measures[]): Measures {
  const average = (pick: (run: Measures) => number): number => mean(runs.map(pick));
  const waits = (pick: (run: Measures) => Waits): Waits => ({
    count: runs.reduce((sum, run) => sum + pick(run).count, 0),
    meanS: average((run) => pick(run).meanS),
    p50S: average((run) => pick(run).p50S),
    p95S: average((run) => pick(run).p95S),
    maxS: Math.max(0, ...runs.map((run) => pick(run).maxS)),
  });
  return {
    image: waits(({ image }) => image),
    chat: waits(({ chat }) => chat),
    othersImage: waits(({ othersImage }) => othersImage),
    meanWaitS: average(({ meanWaitS }) => meanWaitS),
    refused: runs.reduce((sum, { refused }) => sum + refused, 0),
    swapsPerHour: average(({ swapsPerHour }) => swapsPerHour),
    useful: average(({ useful }) => useful),
    makespanS: average(({ makespanS }) => makespanS),
    backgroundS: runs.some(({ backgroundS }) => backgroundS === null)
      ? null
      : average(({ backgroundS }) => backgroundS ?? 0),
    fairness: average(({ fairness: index }) => index),
  };
}

/** One number for both classes, smaller is better: images weigh three times as much (SCHEDULING.md 3). */
export function composite({ image, chat }: Measures): number {
  return 3 * image.p95S + chat.p95S;
}
