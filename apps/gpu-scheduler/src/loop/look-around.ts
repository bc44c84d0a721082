import type { GpuJob, LeaseRecord, SwitchOrder } from '@baton/contracts';
import type { HistoryStore, OpenVisit } from '../leases/history.store.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import type { Learned, MemoryStore } from '../leases/memory.store.ts';
import type { JobStore, StoredJob } from '../queue/job.store.ts';

export interface LookAroundContext {
  readonly leases: LeaseStore;
  readonly jobs: JobStore;
  readonly history: HistoryStore;
  readonly memory: MemoryStore;
}

/** What a new leader finds in Redis. */
export interface Surroundings {
  readonly fence: number;
  /** Leases of former leaders; `job` is null when BullMQ does not have it any more. */
  readonly held: readonly { readonly lease: LeaseRecord; readonly job: GpuJob | null }[];
  /** Jobs that wait, and those that a former leader had claimed and not granted, which wait again. */
  readonly waiting: readonly StoredJob[];
  readonly putBack: number;
  /** Jobs whose cancellation was asked for. */
  readonly cancels: readonly string[];
  readonly visit: OpenVisit | null;
  readonly learned: Learned | null;
  readonly order: SwitchOrder | null;
}

/** The first act of a term: everything that its state is built from. @throws StaleEpoch */
export async function lookAround(
  epoch: number,
  { leases, jobs, history, memory }: LookAroundContext,
): Promise<Surroundings> {
  const [fence, leased, active, waiting, cancels, visit, learned, order] = await Promise.all([
    leases.highestFence(),
    leases.list(),
    jobs.activeIds(),
    jobs.waiting(),
    leases.cancels(),
    history.open(),
    memory.learned(),
    memory.order(),
  ]);
  const held = await Promise.all(
    leased.map(async (lease) => ({ lease, job: (await jobs.read(lease.jobId))?.job ?? null })),
  );
  const known = new Set(leased.map(({ jobId }) => jobId));
  const orphans = active.filter((id) => !known.has(id));
  for (const id of orphans) await jobs.putBack(epoch, id, null);
  const returned = await Promise.all(orphans.map((id) => jobs.read(id)));
  return {
    fence,
    held,
    waiting: [...returned.flatMap((job) => job ?? []), ...waiting],
    putBack: orphans.length,
    cancels,
    visit: visit === null ? null : await withEndings(visit, known, jobs),
    learned,
    order,
  };
}

/** Leases that ended after the former leader had last written: how, says BullMQ. */
async function withEndings(
  visit: OpenVisit,
  heldJobs: ReadonlySet<string>,
  jobs: JobStore,
): Promise<OpenVisit> {
  const leases = await Promise.all(
    visit.record.leases.map(async (lease) => {
      if (lease.ended_at_ms !== null || heldJobs.has(lease.job_id)) return lease;
      const ending = await jobs.ending(lease.job_id);
      if (ending === null) return { ...lease, ended_at_ms: lease.granted_at_ms };
      return { ...lease, ended_at_ms: ending.atMs, outcome: ending.outcome, code: ending.code };
    }),
  );
  return { ...visit, record: { ...visit.record, leases } };
}
