import { randomUUID } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import type { z } from 'zod';
import {
  admitLease,
  deleteEngineModel,
  describeNodeClasses,
  listEngineModels,
  loadEngineModel,
  readCardHistory,
  readEngineLogs,
  readNodeStatus,
  restartEngine,
  revokeLease,
  startSwap,
  unloadEngineModel,
  type EngineName,
  type NodeStatus,
} from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { HandleCall } from '@baton/platform';
import { sameModel } from '../engines/ollama-models.ts';
import type { CardSample } from '../gpu/card-history.ts';
import type { ModelList } from '../engines/models.service.ts';
import type { Revocation } from '../guard/guard.service.ts';
import { OrdersStore } from '../node/orders.store.ts';
import { Runtime } from '../runtime.ts';
import type { Unloaded } from '../swap/model-unload.service.ts';
import type { SwapRequest } from '../swap/swap.service.ts';

interface ShownLine {
  readonly at_ms: number;
  readonly text: string;
}

/** What the scheduler and the services ask of this node. */
@Controller()
export class CallsController {
  private readonly runtime: Runtime;
  private readonly orders: OrdersStore;

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(OrdersStore) orders: OrdersStore) {
    this.runtime = runtime;
    this.orders = orders;
  }

  @HandleCall(admitLease)
  async admit({
    leaseId,
    fence,
    lane,
    alsoModels,
  }: z.output<typeof admitLease.request>): Promise<{ bootId: string }> {
    this.runtime.guard.admit(leaseId, fence, lane, alsoModels);
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

  @HandleCall(describeNodeClasses)
  async nodeClasses({
    classes,
  }: z.output<typeof describeNodeClasses.request>): Promise<z.output<typeof describeNodeClasses.reply>> {
    const { engines } = this.runtime;
    const url = engines.urlOf('comfyui');
    if (url === null) return { classes: null };
    const signal = AbortSignal.timeout(describeNodeClasses.timeoutMs);
    return { classes: await engines.comfyui.nodeClasses(url, classes, signal) };
  }

  /** Only the scheduler decides: a load is a switch by hand that waits its turn. */
  @HandleCall(loadEngineModel)
  async load({ model }: { model: string }): Promise<{ state: 'done' | 'accepted' }> {
    const { models, swaps } = this.runtime;
    const { source, models: installed } = await models.list();
    const known = installed.find(({ name }) => sameModel(name, model));
    if (known === undefined && source === 'live') throw new AppError('model.unknown', { model });
    const { owner } = swaps;
    if (owner?.engine === 'ollama' && sameModel(owner.model, model)) return { state: 'done' };
    await this.orders.place({
      id: randomUUID(),
      engine: 'ollama',
      model: known?.name ?? model,
      force: false,
    });
    return { state: 'accepted' };
  }

  @HandleCall(unloadEngineModel)
  unload({ model }: { model: string }): Promise<Unloaded> {
    return this.runtime.unloads.unload(model);
  }

  @HandleCall(deleteEngineModel)
  delete({ model }: { model: string }): Promise<Unloaded> {
    return this.runtime.unloads.delete(model);
  }
}
