import * as facts from './facts.ts';
import { onLeaseFound, onNodeAway, onNodeReport, type FoundLease, type NodeReport } from './node.ts';
import { onOrdered } from './orders.ts';
import type { Effect, GpuState, Order, Outcome, SwapPhase } from './state.ts';

/**
 * Everything that can happen to a state, as data: what the loop hears, what a trace records and what a replay plays back
 * are the same values.
 */
export type Fact =
  | { readonly is: 'arrived'; readonly job: facts.Arrival }
  /** Many at once, without deciding in between: what a new leader finds. */
  | { readonly is: 'backlog'; readonly jobs: readonly facts.Arrival[] }
  /** `unseen`: the job was on its way to us and must not be granted in between. */
  | { readonly is: 'cancelled'; readonly jobId: string; readonly unseen?: facts.Arrival }
  | { readonly is: 'vanished'; readonly jobId: string }
  | { readonly is: 'granted'; readonly leaseId: string; readonly bootId: string }
  | { readonly is: 'grantFailed'; readonly leaseId: string; readonly why: facts.GrantFailure }
  | { readonly is: 'released'; readonly leaseId: string; readonly outcome: Outcome }
  | { readonly is: 'expired'; readonly leaseId: string }
  | { readonly is: 'doorShut'; readonly leaseId: string; readonly isQuiet: boolean }
  | { readonly is: 'swapAccepted'; readonly swapId: string }
  | { readonly is: 'swapPhase'; readonly swapId: string; readonly phase: SwapPhase }
  | { readonly is: 'swapEnded'; readonly result: facts.SwapResult }
  | { readonly is: 'nodeAway' }
  | { readonly is: 'nodeReported'; readonly report: NodeReport }
  /** The model of this lane was taken off the card by hand: nobody owns the GPU any more. */
  | { readonly is: 'unloaded'; readonly laneKey: string }
  | { readonly is: 'leaseFound'; readonly lease: FoundLease }
  | { readonly is: 'ordered'; readonly order: Order }
  | { readonly is: 'ticked' };

/** The one way in: moves the state on by what has happened, and returns what is to be done about it. */
export function apply(state: GpuState, fact: Fact, nowMs: number): Effect[] {
  switch (fact.is) {
    case 'arrived':
      return facts.onArrival(state, fact.job, nowMs);
    case 'backlog':
      return facts.onBacklog(state, fact.jobs, nowMs);
    case 'cancelled':
      if (fact.unseen !== undefined) facts.admitUndecided(state, fact.unseen, nowMs);
      return facts.onCancel(state, fact.jobId, nowMs);
    case 'vanished':
      return facts.onVanished(state, fact.jobId, nowMs);
    case 'granted':
      return facts.onGranted(state, fact.leaseId, fact.bootId, nowMs);
    case 'grantFailed':
      return facts.onGrantFailed(state, fact.leaseId, fact.why, nowMs);
    case 'released':
      return facts.onReleased(state, fact.leaseId, fact.outcome);
    case 'expired':
      return facts.onExpired(state, fact.leaseId);
    case 'doorShut':
      return facts.onDoorShut(state, fact.leaseId, fact.isQuiet, nowMs);
    case 'swapAccepted':
      return facts.onSwapAccepted(state, fact.swapId);
    case 'swapPhase':
      return facts.onSwapPhase(state, fact.swapId, fact.phase);
    case 'swapEnded':
      return facts.onSwapEnded(state, fact.result, nowMs);
    case 'nodeAway':
      return onNodeAway(state, nowMs);
    case 'nodeReported':
      return onNodeReport(state, fact.report, nowMs);
    case 'unloaded':
      return facts.onUnloaded(state, fact.laneKey, nowMs);
    case 'leaseFound':
      return onLeaseFound(state, fact.lease);
    case 'ordered':
      return onOrdered(state, fact.order, nowMs);
    case 'ticked':
      return facts.onTick(state, nowMs);
  }
}
