import { serviceBand } from './estimates.ts';
import { charge, weightAt } from './fairness.ts';
import { lostEngine, lostNode, onSwapEnded, openVisit, setAway } from './facts.ts';
import type { Lane, WaitingJob } from './lane-queue.ts';
import { decide } from './policy.ts';
import type { Effect, Ending, GpuState, SwapPhase } from './state.ts';

/** What the process-manager says about itself. */
export interface NodeReport {
  readonly bootId: string;
  readonly highestFence: number;
  /** Whose engine may be used now. */
  readonly owner: Lane | null;
  readonly swap: { readonly swapId: string; readonly to: Lane | null; readonly phase: SwapPhase } | null;
  readonly lastSwap: { readonly swapId: string; readonly isDone: boolean; readonly tookMs: number } | null;
  /** `state.nodeTurns` when the report was asked for. */
  readonly askedAtTurn: number;
}

/** The process-manager does not answer. Leases run on, nothing new is begun. */
export function onNodeAway(state: GpuState, nowMs: number): Effect[] {
  setAway(state, nowMs);
  return [];
}

/**
 * Brings what we believe into line with what the node says. Checked in this order:
 *   1. it has started anew: what it had admitted is unknown to it, so those leases are over;
 *   2. the report was asked for before a step of a swap that we know of: no more is read from it;
 *   3. we wait for a swap: the report may say that it ended, or show that the node never knew of it;
 *   4. the node is in a swap that we did not know of (a former leader's): we wait for its end;
 *   5. the node's owner is not whom we think: leases of others are over, and the visit is the owner's.
 */
export function onNodeReport(state: GpuState, report: NodeReport, nowMs: number): Effect[] {
  const effects: Effect[] = [];
  const hasRestarted = state.node.bootId !== null && state.node.bootId !== report.bootId;
  if (hasRestarted) for (const running of state.running.values()) effects.push(...lostNode(running));
  if (!state.node.isPresent || hasRestarted) {
    state.node = { isPresent: true, sinceMs: nowMs, bootId: report.bootId };
  }
  state.fence = Math.max(state.fence, report.highestFence);
  if (report.askedAtTurn === state.nodeTurns) effects.push(...reconcile(state, report, nowMs));
  return [...effects, ...decide(state, nowMs)];
}

function reconcile(state: GpuState, report: NodeReport, nowMs: number): Effect[] {
  if (state.swap !== null) return reconcileSwap(state, report, nowMs);
  if (report.swap !== null) {
    state.nodeTurns += 1;
    state.visit = null;
    state.swap = {
      id: report.swap.swapId,
      fence: report.highestFence,
      from: null,
      to: report.swap.to,
      cause: null,
      startedAtMs: nowMs,
      phase: report.swap.phase,
      isAccepted: true,
      missedReports: 0,
    };
    return [...state.running.values()].flatMap(lostEngine);
  }
  if (state.visit?.lane.key === report.owner?.key) return [];
  const strangers = [...state.running.values()].filter(({ job }) => job.lane.key !== report.owner?.key);
  const effects = strangers.flatMap(lostEngine);
  state.visit = null;
  state.turn = null;
  if (report.owner !== null) adoptVisit(state, report.owner, nowMs);
  return effects;
}

function reconcileSwap(state: GpuState, report: NodeReport, nowMs: number): Effect[] {
  const { swap } = state;
  if (swap === null) return [];
  if (report.swap?.swapId === swap.id) {
    swap.phase = report.swap.phase;
    swap.isAccepted = true;
    swap.missedReports = 0;
    return [];
  }
  if (report.lastSwap?.swapId === swap.id) {
    return onSwapEnded(state, report.lastSwap, nowMs);
  }
  // Busy with another: an order that came very late, or a former leader's. Ours ends that one and follows it.
  if (!swap.isAccepted || report.swap !== null) return [];
  swap.missedReports += 1;
  // Between the end of one swap and the start of the next the node names neither, for a moment.
  if (swap.missedReports < 2) return [];
  return onSwapEnded(state, { swapId: swap.id, isDone: false, tookMs: null }, nowMs);
}

/** Leases that run in the visit fix its fence; without any, a fresh fence shuts out a former leader's late orders. */
function adoptVisit(state: GpuState, owner: Lane, nowMs: number): void {
  const inIt = [...state.running.values()].filter(({ job }) => job.lane.key === owner.key);
  const fence = inIt.length > 0 ? Math.max(...inIt.map((running) => running.fence)) : state.fence + 1;
  openVisit(state, owner, { fence, swapId: null, nowMs });
  if (state.visit !== null) state.visit.served = inIt.length;
}

export interface FoundLease {
  readonly leaseId: string;
  readonly job: Omit<WaitingJob, 'seq'>;
  readonly fence: number;
  readonly grantedAtMs: number;
  /** How it ended, when it is not held any more. */
  readonly ending: Ending | null;
}

/** A new leader takes over a lease that the former one granted. */
export function onLeaseFound(state: GpuState, lease: FoundLease): Effect[] {
  const isHeld = lease.ending === null;
  state.fence = Math.max(state.fence, lease.fence);
  const job = { ...lease.job, seq: 0 };
  const charged = { ms: serviceBand(state.estimates, job).mean, weight: weightAt(state, lease.grantedAtMs) };
  state.running.set(lease.leaseId, {
    leaseId: lease.leaseId,
    job,
    fence: lease.fence,
    stage: isHeld ? 'live' : 'closing',
    grantedAtMs: lease.grantedAtMs,
    ending: lease.ending,
    revoke: null,
    charge: charged,
  });
  charge(state, job.userId, charged.ms * charged.weight, lease.grantedAtMs);
  return isHeld ? [] : [{ do: 'close', leaseId: lease.leaseId, jobId: lease.job.id, revoke: null }];
}
