import { readFileSync } from 'node:fs';
import { visitRecord, type LaneLabel, type LeaseHistory, type VisitRecord } from '@baton/contracts';
import { z } from 'zod';
import type { Lane } from '../core/lane-queue.ts';
import type { Settings } from '../core/state.ts';
import { playPolicies, type PolicyName, type PolicyReport } from './campaign.ts';
import type { JobRecord, SimJob } from './job.ts';
import { mean, measure, type Measures } from './metrics.ts';
import { UsageError } from './options.ts';
import type { Account, World } from './run.ts';

/** A page of `GET /api/gpu/history`; a file may also hold just the visits, of one page or of several. */
const page = z.object({ visits: z.array(visitRecord) });

/** A hand-over that nobody has measured. */
const UNKNOWN_SWAP_MS = 7_000;
const HOUR_MS = 3_600_000;

export interface ReplayReport {
  readonly jobs: number;
  /** Leases that were still held when the history was read: left out. */
  readonly unfinished: number;
  readonly hours: number;
  /** As many chats as ever ran at once. */
  readonly slots: number;
  /** What really happened. */
  readonly recorded: Measures;
  readonly policies: readonly PolicyReport[];
}

/** The visits in the text of a history file. @throws UsageError naming the field that is wrong */
export function readHistory(text: string): readonly VisitRecord[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `The history is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const read = page.safeParse(Array.isArray(content) ? { visits: content } : content);
  if (read.success) return read.data.visits;
  const [issue] = read.error.issues;
  throw new UsageError(`The history is wrong at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** @throws UsageError for a file that is not there or holds something else */
export function readHistoryFile(file: string): readonly VisitRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The history cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return readHistory(text);
}

/**
 * Plays recorded arrivals under each policy. The times of work are those of the record, so sharing has slowed them down
 * already and does not do so again; a hand-over takes what hand-overs to that lane took on average.
 */
export function replay(
  visits: readonly VisitRecord[],
  options: { readonly settings: Settings; readonly policies: readonly PolicyName[] },
): ReplayReport {
  const inOrder = visits.toSorted((a, b) => a.opened_at_ms - b.opened_at_ms);
  const leases = inOrder.flatMap((visit) =>
    visit.lane === null ? [] : visit.leases.map((lease) => ({ lease, lane: laneOf(visit.lane) })),
  );
  const ended = leases.flatMap(({ lease, lane }) =>
    lease.ended_at_ms === null || lane === null ? [] : [{ lease, lane, endedMs: lease.ended_at_ms }],
  );
  if (ended.length === 0) throw new UsageError('The history holds no finished work to replay.');
  const startMs = Math.min(...ended.map(({ lease }) => lease.submitted_at_ms));
  const horizonMs = Math.max(...ended.map(({ endedMs }) => endedMs)) - startMs;
  const records = ended.map(({ lease, lane, endedMs }) => toRecord(lease, lane, { startMs, endedMs }));
  const slots = mostAtOnce(records);
  const world: World = {
    arrivals: records.map(({ job }) => job).sort((a, b) => a.arrivalMs - b.arrivalMs),
    afterEnd: () => [],
    costs: {
      freeMs: { comfyui: 0, ollama: 0 },
      loadMs: measuredLoads(inOrder, records),
      noise: 0,
      failureShare: 0,
      hardMs: 0,
      isAlwaysHard: false,
    },
    slots,
    alpha: 0,
    resident: residentAtStart(inOrder[0]),
    horizonMs,
  };
  const hours = horizonMs / HOUR_MS;
  return {
    jobs: records.length,
    unfinished: leases.length - ended.length,
    hours,
    slots,
    recorded: measure(
      { records, account: accountOf(inOrder, records), makespanMs: horizonMs },
      { hours, flooder: null },
    ),
    policies: playPolicies([{ seed: 1, make: () => world }], { ...options, hours, flooder: null }),
  };
}

function laneOf(label: LaneLabel | null): Lane | null {
  if (label === null) return null;
  return label.engine === 'comfyui'
    ? { key: 'comfyui', engine: 'comfyui' }
    : { key: `ollama:${label.model ?? ''}`, engine: 'ollama' };
}

function toRecord(
  lease: LeaseHistory,
  lane: Lane,
  { startMs, endedMs }: { readonly startMs: number; readonly endedMs: number },
): JobRecord {
  const job: SimJob = {
    id: lease.lease_id,
    lane,
    userId: lease.user_id,
    arrivalMs: lease.submitted_at_ms - startMs,
    serviceMs: Math.max(1, endedMs - lease.granted_at_ms),
    estimateMs: lease.estimate_ms,
    workUnits: null,
    ...(lease.urgency === 'background' ? { urgency: lease.urgency } : {}),
  };
  return { job, grantedMs: lease.granted_at_ms - startMs, endedMs: endedMs - startMs, expected: null };
}

/** The most chats that held a lease at the same instant; at least one. */
function mostAtOnce(records: readonly JobRecord[]): number {
  const steps = records
    .filter(({ job }) => job.lane.engine === 'ollama')
    .flatMap(({ grantedMs, endedMs }) => [
      { atMs: grantedMs ?? 0, by: 1 },
      { atMs: endedMs, by: -1 },
    ])
    .sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let now = 0;
  let most = 1;
  for (const { by } of steps) most = Math.max(most, (now += by));
  return most;
}

/** Time of a hand-over without draining, by the lane it led to. */
function measuredLoads(
  visits: readonly VisitRecord[],
  records: readonly JobRecord[],
): Record<string, number> {
  const measured = visits.flatMap(({ lane, swap }) => {
    const key = laneOf(lane)?.key;
    return key === undefined || swap === null ? [] : [{ key, ms: swapMs(swap) }];
  });
  const usualMs = measured.length === 0 ? UNKNOWN_SWAP_MS : mean(measured.map(({ ms }) => ms));
  const keys = new Set(records.map(({ job }) => job.lane.key));
  for (const { key } of measured) keys.add(key);
  return Object.fromEntries(
    [...keys].map((key) => {
      const own = measured.filter((one) => one.key === key).map(({ ms }) => ms);
      return [key, own.length === 0 ? usualMs : mean(own)];
    }),
  );
}

function swapMs(swap: NonNullable<VisitRecord['swap']>): number {
  const drainMs = swap.phases.filter(({ phase }) => phase === 'drain').reduce((sum, { ms }) => sum + ms, 0);
  return Math.max(0, swap.total_ms - drainMs);
}

function residentAtStart(first: VisitRecord | undefined): Lane | null {
  if (first === undefined) return null;
  return laneOf(first.swap === null ? first.lane : first.swap.from);
}

/** Where the time went in reality: served while somebody held a lease; idle times with a backlog are not recorded. */
function accountOf(visits: readonly VisitRecord[], records: readonly JobRecord[]): Account {
  const spans = records
    .map(({ grantedMs, endedMs }) => ({ fromMs: grantedMs ?? endedMs, toMs: endedMs }))
    .sort((a, b) => a.fromMs - b.fromMs);
  let servingMs = 0;
  let coveredMs = 0;
  for (const { fromMs, toMs } of spans) {
    servingMs += Math.max(0, toMs - Math.max(fromMs, coveredMs));
    coveredMs = Math.max(coveredMs, toMs);
  }
  const swaps = visits.flatMap(({ swap }) => (swap === null ? [] : [swapMs(swap)]));
  const swappingMs = swaps.reduce((sum, ms) => sum + ms, 0);
  return { servingMs, swappingMs, idleWithBacklogMs: 0, idleMs: 0, swaps: swaps.length };
}
