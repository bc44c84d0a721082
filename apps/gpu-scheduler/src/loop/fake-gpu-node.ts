import {
  STREAM_FIELD,
  gpuKeys,
  laneKey,
  type Lane,
  type NodeEvent,
  type NodeStatus,
  type SwapEnd,
} from '@baton/contracts';
import { AppError } from '@baton/kernel';
import type { Redis } from 'ioredis';
import type { GpuNode } from './gpu-node.client.ts';
import { toLabel, toLane } from './lanes.ts';

/**
 * A process-manager without engines that keeps the contract of the real one: fences never go back, only the owner's
 * leases are let in, a swap is one at a time and known by its id, and what was promised is reported in the node's stream.
 */
export class FakeGpuNode implements GpuNode {
  readonly admitted = new Map<string, Lane>();
  readonly swaps: string[] = [];
  /** Every fence that was accepted, in this order. */
  readonly fences: number[] = [];
  /** Those of swaps among them: each must be new. */
  readonly swapFences: number[] = [];
  /** Called when a call comes in: a test can keep its caller waiting. */
  before: (call: 'admit' | 'revoke' | 'startSwap' | 'status') => Promise<void> = () => Promise.resolve();
  /** Largest number of different lanes that were let in at the same time; more than one is the end of the world. */
  maxLanesAtOnce = 0;
  swapMs = 5;
  /** The next swaps fail. */
  failingSwaps = 0;
  isAway = false;
  /** Leases whose door stays open until `letGo`. */
  readonly holdOpen = new Set<string>();
  private bootId = 'boot-1';
  private fence = 0;
  private owner: Lane | null;
  private current: { swapId: string; to: Lane | null } | null = null;
  private last: SwapEnd | null = null;
  private readonly redis: Redis;
  private readonly node: string;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(redis: Redis, node: string, owner: Lane | null) {
    this.redis = redis;
    this.node = node;
    this.owner = owner;
  }

  async admit(lease: { leaseId: string; fence: number; lane: Lane }): Promise<{ bootId: string }> {
    await this.reach('admit');
    this.raise(lease.fence);
    if (this.owner === null || laneKey(this.owner) !== laneKey(lease.lane)) {
      throw new AppError('gpu.swap_failed', { why: 'not the owner' });
    }
    this.admitted.set(lease.leaseId, lease.lane);
    this.maxLanesAtOnce = Math.max(
      this.maxLanesAtOnce,
      new Set([...this.admitted.values()].map(laneKey)).size,
    );
    return { bootId: this.bootId };
  }

  async revoke(leaseId: string): Promise<{ quiet: boolean }> {
    await this.reach('revoke');
    if (this.holdOpen.has(leaseId)) throw new AppError('call.timeout', {});
    this.admitted.delete(leaseId);
    return { quiet: true };
  }

  async startSwap(swap: { swapId: string; fence: number; to: Lane | null }): Promise<unknown> {
    await this.reach('startSwap');
    if (this.current?.swapId === swap.swapId || this.last?.swapId === swap.swapId) return { accepted: true };
    this.raise(swap.fence);
    this.swapFences.push(swap.fence);
    if (this.admitted.size > 0) throw new Error('a swap was asked for while leases were let in');
    const from = this.owner;
    this.owner = null;
    this.current = { swapId: swap.swapId, to: swap.to };
    this.swaps.push(swap.to === null ? 'nothing' : laneKey(swap.to));
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.endSwap(swap, from);
    }, this.swapMs);
    this.timers.add(timer);
    return { accepted: true };
  }

  async status(): Promise<NodeStatus> {
    await this.reach('status');
    return {
      node: this.node,
      bootId: this.bootId,
      highestFence: this.fence,
      owner: this.owner,
      admitted: [...this.admitted.keys()],
      swap: this.current === null ? null : { ...this.current, phase: 'load', startedAtMs: 1 },
      lastSwap: this.last,
      card: null,
      engines: [],
      stowaways: [],
    };
  }

  /** Kill and start: what was let in, and a swap under way, are forgotten; the fence is not. */
  async restart(): Promise<void> {
    this.bootId = `${this.bootId}+`;
    this.admitted.clear();
    this.current = null;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    await this.tell({ type: 'node.started', bootId: this.bootId, highestFence: this.fence });
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private async endSwap(
    swap: { swapId: string; fence: number; to: Lane | null },
    from: Lane | null,
  ): Promise<void> {
    const record = {
      id: swap.swapId,
      from: from === null ? null : toLabel(toLane(from)),
      to: swap.to === null ? null : toLabel(toLane(swap.to)),
      phases: [{ phase: 'load' as const, ms: this.swapMs }],
      total_ms: this.swapMs,
    };
    const { swapId, fence } = swap;
    if (this.failingSwaps > 0) {
      this.failingSwaps -= 1;
      this.last = { outcome: 'failed', swapId, fence, record, code: 'engine.start_failed' };
    } else {
      this.owner = swap.to;
      this.last = { outcome: 'done', swapId, fence, record };
    }
    this.current = null;
    await this.tell({ type: 'swap.ended', end: this.last });
  }

  private async reach(call: Parameters<FakeGpuNode['before']>[0]): Promise<void> {
    await new Promise(setImmediate);
    await this.before(call);
    if (this.isAway) throw new AppError('call.unreachable', {});
  }

  private raise(fence: number): void {
    if (fence < this.fence) throw new AppError('gpu.stale_fence', { fence, highest: this.fence });
    this.fence = fence;
    this.fences.push(fence);
  }

  private async tell(event: NodeEvent): Promise<void> {
    await this.redis
      .xadd(gpuKeys(this.node).node, '*', STREAM_FIELD, JSON.stringify(event))
      .catch(() => undefined);
  }
}
