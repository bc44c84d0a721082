import { Controller, Inject } from '@nestjs/common';
import {
  admitLease,
  listEngineModels,
  readNodeStatus,
  revokeLease,
  startSwap,
  type Lane,
  type NodeStatus,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import type { ModelList } from '../engines/models.service.ts';
import type { Revocation } from '../guard/guard.service.ts';
import { Runtime } from '../runtime.ts';
import type { SwapRequest } from '../swap/swap.service.ts';

/** What the scheduler and the services ask of this node. */
@Controller()
export class CallsController {
  private readonly runtime: Runtime;

  constructor(@Inject(Runtime) runtime: Runtime) {
    this.runtime = runtime;
  }

  @HandleCall(admitLease)
  async admit(request: { leaseId: string; fence: number; lane: Lane }): Promise<{ bootId: string }> {
    this.runtime.guard.admit(request.leaseId, request.fence, request.lane);
    return { bootId: this.runtime.node.bootId };
  }

  @HandleCall(revokeLease)
  revoke({ leaseId }: { leaseId: string }): Promise<Revocation> {
    return this.runtime.guard.revoke(leaseId);
  }

  @HandleCall(startSwap)
  async swap(request: SwapRequest): Promise<{ accepted: true }> {
    this.runtime.swaps.start(request);
    return { accepted: true };
  }

  @HandleCall(readNodeStatus)
  async status(): Promise<NodeStatus> {
    return this.runtime.node.status;
  }

  @HandleCall(listEngineModels)
  async models(): Promise<ModelList & { simulated: boolean }> {
    return { ...(await this.runtime.models.list()), simulated: this.runtime.engines.isSimulated('ollama') };
  }
}
