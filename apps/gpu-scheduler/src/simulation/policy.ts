import type { Lane } from '../core/lane-queue.ts';
import type { SimJob } from './job.ts';

/** What a policy wants done; carried out at the same instant, in order. */
export type Order =
  | { readonly do: 'grant'; readonly job: SimJob }
  /** Only while nothing runs. To null: clear the card. */
  | { readonly do: 'swap'; readonly to: Lane | null }
  /** The job will not be served. */
  | { readonly do: 'refuse'; readonly job: SimJob };

/**
 * Who decides in the simulation. It is told each thing once, in the order of the virtual clock, and answers with orders. It
 * keeps its own books: the world tells it neither service times nor when work will end.
 */
export interface Policy {
  onArrival(job: SimJob, nowMs: number): readonly Order[];
  onFinished(job: SimJob, nowMs: number): readonly Order[];
  onSwapEnded(to: Lane | null, tookMs: number, nowMs: number): readonly Order[];
  onWake(nowMs: number): readonly Order[];
  /** When it wants to be woken if nothing else happens; null when time alone changes nothing. */
  wakeAtMs(nowMs: number): number | null;
  /** How long the waiting job is expected to wait from now on; null when the policy cannot tell. */
  expectation(job: SimJob, nowMs: number): { readonly p50Ms: number; readonly p90Ms: number } | null;
}

export interface PolicyOptions {
  /** Chats that may share a visit; images never share. */
  readonly slots: number;
  readonly resident: Lane | null;
}

/** Policies have state, so each run makes its own. */
export interface PolicyKind {
  readonly name: string;
  readonly create: (options: PolicyOptions) => Policy;
}
