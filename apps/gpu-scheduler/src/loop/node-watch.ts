import { laneKey, type NodeEvent, type NodeStatus, type SwapEnd, type SwapRecord } from '@baton/contracts';
import type { Log } from '@baton/platform';
import type { Fact } from '../core/fact.ts';
import type { NodeReport } from '../core/node.ts';
import type { GpuState } from '../core/state.ts';
import type { GpuNode } from './gpu-node.client.ts';
import { toLane } from './lanes.ts';
import type { TermLog } from './term-log.ts';
import type { VisitLog } from './visit-log.ts';

export interface NodeWatchContext {
  readonly epoch: number;
  readonly gpuNode: GpuNode;
  readonly log: Log;
  readonly termLog: TermLog;
  readonly visits: VisitLog;
  readonly state: () => GpuState;
  readonly now: () => number;
  readonly take: (fact: Fact) => void;
  /** Something that is shown has changed, and nothing that is decided by. */
  readonly shown: () => void;
  /** The node should be asked for a report now. */
  readonly ask: () => void;
}

/** What the node says, as facts; and what it was last seen to be. */
export class NodeWatch {
  private readonly context: NodeWatchContext;
  private seen: NodeStatus | null = null;
  private last: { readonly swapId: string; readonly record: SwapRecord } | null = null;

  constructor(context: NodeWatchContext) {
    this.context = context;
  }

  get report(): NodeStatus | null {
    return this.seen;
  }

  get lastSwap(): SwapRecord | null {
    return this.last?.record ?? null;
  }

  /** Null for any swap but the last one. */
  swapRecord(swapId: string): SwapRecord | null {
    return this.last?.swapId === swapId ? this.last.record : null;
  }

  heard(event: NodeEvent): void {
    switch (event.type) {
      case 'swap.phase':
        this.context.take({ is: 'swapPhase', swapId: event.swapId, phase: event.phase });
        return;
      case 'swap.ended':
        this.swapEnded(event.end);
        return;
      case 'engine.changed':
      case 'card.changed':
        this.changed(event);
        return;
      case 'model.unloaded':
        this.context.take({ is: 'unloaded', laneKey: laneKey(event.lane) });
        return;
      case 'node.started':
        this.context.ask();
    }
  }

  reported(status: NodeStatus, askedAtTurn: number): void {
    this.seen = status;
    this.shutOutStrangers(status.admitted);
    if (status.lastSwap !== null) this.swapEnded(status.lastSwap);
    this.context.take({ is: 'nodeReported', report: toReport(status, askedAtTurn) });
  }

  away(error: unknown): void {
    if (!this.context.state().node.isPresent) return;
    this.context.log.error('node.away', error, { epoch: this.context.epoch });
    this.context.take({ is: 'nodeAway' });
  }

  /** From the stream or from a report, whichever comes first; the second is an echo. */
  private swapEnded(end: SwapEnd): void {
    const { state, termLog, visits, now, take } = this.context;
    if (end.swapId !== state().swap?.id) return;
    this.last = { swapId: end.swapId, record: end.record };
    termLog.swapEnded(end);
    visits.swapEnded(end, now());
    const isDone = end.outcome === 'done';
    const why = end.outcome === 'failed' ? { code: end.code } : {};
    take({ is: 'swapEnded', result: { swapId: end.swapId, isDone, tookMs: end.record.total_ms, ...why } });
  }

  private changed(event: Extract<NodeEvent, { type: 'engine.changed' | 'card.changed' }>): void {
    if (this.seen === null) return;
    if (event.type === 'card.changed') this.seen = { ...this.seen, card: event.card };
    else {
      const others = this.seen.engines.filter(({ engine }) => engine !== event.view.engine);
      this.seen = { ...this.seen, engines: [...others, event.view] };
    }
    this.context.shown();
  }

  /**
   * The guard lets somebody in whom nobody leads any more: a former leader died between the admission and the lease. Only
   * former terms' names are touched, so that a leader who does not know yet that it is a former one harms nobody.
   */
  private shutOutStrangers(admitted: readonly string[]): void {
    const { state, epoch, log, gpuNode } = this.context;
    for (const leaseId of admitted) {
      if (state().running.has(leaseId) || Number.parseInt(leaseId, 10) >= epoch) continue;
      log.warn('lease.stranger', { leaseId });
      // Asked for again with the next report if it does not work.
      gpuNode.revoke(leaseId).catch(() => undefined);
    }
  }
}

/** As the core takes it in. The end of a swap is told by itself, with its record. */
function toReport(status: NodeStatus, askedAtTurn: number): NodeReport {
  const { bootId, highestFence, owner, swap } = status;
  return {
    bootId,
    highestFence,
    owner: owner === null ? null : toLane(owner),
    swap:
      swap === null
        ? null
        : { swapId: swap.swapId, to: swap.to === null ? null : toLane(swap.to), phase: swap.phase },
    lastSwap: null,
    askedAtTurn,
  };
}
