import type { Lane } from '../core/lane-queue.ts';

export type JobClass = 'image' | 'chat';

/** One piece of GPU work as the simulated world knows it; policies see all of it but `serviceMs`. */
export interface SimJob {
  readonly id: string;
  readonly lane: Lane;
  readonly userId: number;
  readonly arrivalMs: number;
  /** Time on the card when it has the card to itself. */
  readonly serviceMs: number;
  /** What its submitter expects that to be. */
  readonly estimateMs: number;
  /** How much work it is, in units of its kind; null when its submitter cannot say. */
  readonly workUnits: number | null;
  /** Absent: somebody waits for it. Only our policy makes a difference. */
  readonly urgency?: 'background';
}

export function classOf(job: SimJob): JobClass {
  return job.lane.engine === 'comfyui' ? 'image' : 'chat';
}

/** How one job fared; all times on the virtual clock. */
export interface JobRecord {
  readonly job: SimJob;
  /** Null for a job that the policy turned away. */
  readonly grantedMs: number | null;
  readonly endedMs: number;
  /** What the policy expected the wait to be when the job came; null when it does not say, or granted at once. */
  readonly expected: { readonly p50Ms: number; readonly p90Ms: number } | null;
}

/** Time until the grant; null for a job that was turned away. */
export function waitMs(record: JobRecord): number | null {
  return record.grantedMs === null ? null : record.grantedMs - record.job.arrivalMs;
}
