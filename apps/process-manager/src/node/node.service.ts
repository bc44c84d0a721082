import { randomUUID } from 'node:crypto';
import { AppError, pause, type Clock } from '@baton/kernel';
import type { CardView, EngineView, NodeEvent, NodeStatus } from '@baton/contracts';
import type { Gate } from '../core/gate.ts';
import type { CardService } from '../gpu/card.service.ts';
import type { SwapService } from '../swap/swap.service.ts';
import { ChangePace } from './change-pace.ts';
import type { NodeEngine } from './node-engine.ts';

const LOOK_MS = 2_000;
const TELL_MS = 1_000;

export interface NodeParts {
  readonly node: string;
  readonly engines: readonly NodeEngine[];
  readonly card: CardService;
  readonly gate: Gate;
  readonly swaps: SwapService;
  readonly clock: Clock;
  readonly tell: (event: NodeEvent) => void;
}

/** What this node is doing, for whoever asks and, on change, for whoever listens. */
export class NodeService {
  readonly bootId = randomUUID();
  private readonly parts: NodeParts;
  private readonly closing = new AbortController();
  private readonly paces: { close(): void }[] = [];
  private looking: Promise<unknown> = Promise.resolve();

  constructor(parts: NodeParts) {
    this.parts = parts;
  }

  get status(): NodeStatus {
    const { node, engines, card, gate, swaps } = this.parts;
    return {
      node,
      bootId: this.bootId,
      highestFence: gate.highestFence,
      owner: swaps.owner,
      admitted: [...gate.admitted],
      swap: swaps.swap,
      lastSwap: swaps.lastSwap,
      card: card.view,
      engines: engines.map(({ view }) => view),
      stowaways: [...card.stowaways],
    };
  }

  /** Tells that it has started, and from then on every change. */
  start(): void {
    const { engines, card, clock, tell, gate } = this.parts;
    tell({ type: 'node.started', bootId: this.bootId, highestFence: gate.highestFence });
    for (const engine of engines) {
      const pace = new ChangePace<EngineView>(clock, TELL_MS, (view) =>
        tell({ type: 'engine.changed', view }),
      );
      this.paces.push(pace);
      engine.onChange((view) => pace.offer(view));
      pace.offer(engine.view);
    }
    const pace = new ChangePace<CardView>(clock, TELL_MS, (view) =>
      tell({ type: 'card.changed', card: view }),
    );
    this.paces.push(pace);
    card.onChange((view) => pace.offer(view));
    this.looking = Promise.all(engines.map((engine) => this.look(engine)));
  }

  /** Something has changed: what is loaded is looked up now, not at the next turn. Nobody waits for it. */
  lookAgain(): void {
    for (const engine of this.parts.engines) void engine.refresh(this.closing.signal);
  }

  async close(): Promise<void> {
    this.closing.abort(new AppError('engine.unavailable', { cause: 'shutting down' }));
    for (const pace of this.paces) pace.close();
    await this.looking;
  }

  /** Also while nothing changes: an attached engine tells nobody when it goes, and Ollama forgets idle models. */
  private async look(engine: NodeEngine): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await engine.refresh(signal);
      await pause(this.parts.clock, LOOK_MS, signal).catch(() => undefined);
    }
  }
}
