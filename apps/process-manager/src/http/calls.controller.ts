import { Controller, Inject } from '@nestjs/common';
import {
  admitLease,
  listEngineModels,
  readCardHistory,
  readEngineLogs,
  readNodeStatus,
  restartEngine,
  revokeLease,
  startSwap,
  type EngineName,
  type Lane,
  type NodeStatus,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import type { CardSample } from '../gpu/card-history.ts';
import type { ModelList } from '../engines/models.service.ts';
import type { Revocation } from '../guard/guard.service.ts';
import { Runtime } from '../runtime.ts';
import type { SwapRequest } from '../swap/swap.service.ts';

interface ShownLine {
  readonly at_ms: number;
  readonly text: string;
}

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

  @HandleCall(readCardHistory)
  async cardHistory(): Promise<{ every_ms: number; samples: CardSample[] }> {
    return this.runtime.card.history;
  }

  @HandleCall(restartEngine)
  async restart({ engine }: { engine: EngineName }): Promise<{ accepted: true }> {
    this.runtime.restarts.begin(engine, 'by hand');
    return { accepted: true };
  }

  @HandleCall(readEngineLogs)
  async logs(request: { engine: EngineName; lines: number }): Promise<{ lines: ShownLine[] }> {
    const signal = AbortSignal.timeout(readEngineLogs.timeoutMs);
    const lines: ShownLine[] = [];
    const logs = this.runtime.engines.logsOf(request.engine);
    for await (const { atMs, text } of logs.read({ lines: request.lines, follows: false, signal })) {
      lines.push({ at_ms: atMs, text });
    }
    return { lines };
  }

  @HandleCall(listEngineModels)
  async models(): Promise<ModelList & { simulated: boolean }> {
    return { ...(await this.runtime.models.list()), simulated: this.runtime.engines.isSimulated('ollama') };
  }
}
