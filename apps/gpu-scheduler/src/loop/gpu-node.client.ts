import {
  admitLease,
  readNodeStatus,
  revokeLease,
  startSwap,
  type Lane,
  type NodeStatus,
} from '@baton/contracts';
import type { CallClient } from '@baton/platform';

/**
 * The process-manager as the scheduler needs it. Every call may be repeated; each rejects with an AppError, of which
 * `call.unreachable` and `call.timeout` leave open whether it was carried out.
 */
export interface GpuNode {
  admit(lease: {
    readonly leaseId: string;
    readonly fence: number;
    readonly lane: Lane;
    readonly alsoModels?: readonly string[];
  }): Promise<{ readonly bootId: string }>;
  /** Answers when the door is shut; not `quiet`: the engine would not let go. */
  revoke(leaseId: string): Promise<{ readonly quiet: boolean }>;
  startSwap(swap: {
    readonly swapId: string;
    readonly fence: number;
    readonly to: Lane | null;
    readonly drainMs: number;
  }): Promise<unknown>;
  status(): Promise<NodeStatus>;
}

export function gpuNodeClient(calls: CallClient): GpuNode {
  return {
    admit: ({ alsoModels = [], ...lease }) =>
      calls.call(admitLease, { ...lease, alsoModels: [...alsoModels] }),
    revoke: (leaseId) => calls.call(revokeLease, { leaseId }),
    startSwap: (swap) => calls.call(startSwap, swap),
    status: () => calls.call(readNodeStatus, {}),
  };
}
