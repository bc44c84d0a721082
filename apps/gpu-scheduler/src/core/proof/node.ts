import type { NodeReport } from '../node.ts';
import type { Lane } from '../lane-queue.ts';
import type { GpuState, Swap } from '../state.ts';
import { must, type Agenda, type Chance } from './agenda.ts';

interface KnownSwap {
  readonly id: string;
  readonly to: Lane | null;
}

export interface SwapEnd {
  readonly swapId: string;
  readonly isDone: boolean;
  readonly tookMs: number;
}

/**
 * A process-manager with its guard and engines, as far as the core can see it. It is the judge of I1: it sees who really
 * works, and says so when two lanes do, or more than there are places, or anybody while the card is handed over.
 */
export class ProofNode {
  bootId = 'boot-1';
  isUp = true;
  /** Probability that a swap fails. */
  failures = 0;
  owner: Lane | null;
  readonly admitted = new Set<string>();
  readonly working = new Map<string, Lane>();
  private readonly agenda: Agenda;
  private readonly chance: Chance;
  private readonly slots: number;
  private readonly known = new Set<string>();
  private boots = 1;
  private fence = 0;
  private swap: KnownSwap | null = null;
  private lastSwap: SwapEnd | null = null;
  private readonly swapEnded: (end: SwapEnd) => void;

  constructor(parts: {
    readonly agenda: Agenda;
    readonly chance: Chance;
    readonly owner: Lane | null;
    readonly slots: number;
    readonly swapEnded: (end: SwapEnd) => void;
  }) {
    this.agenda = parts.agenda;
    this.chance = parts.chance;
    this.owner = parts.owner;
    this.slots = parts.slots;
    this.swapEnded = parts.swapEnded;
  }

  /** False: another lane owns the card, or the fence is an old one. */
  admit(leaseId: string, lane: Lane, fence: number): boolean {
    if (this.owner?.key !== lane.key || fence < this.fence) return false;
    this.fence = fence;
    this.admitted.add(leaseId);
    return true;
  }

  /** The holder opens its connection: false when the guard does not know the lease. */
  work(leaseId: string, lane: Lane): boolean {
    if (!this.isUp || !this.admitted.has(leaseId)) return false;
    this.working.set(leaseId, lane);
    const lanes = new Set([...this.working.values()].map(({ key }) => key));
    must(lanes.size === 1, 'I1: one lane works at a time');
    must(this.working.size <= (lane.engine === 'comfyui' ? 1 : this.slots), 'I1: no more work than places');
    must(this.owner?.key === lane.key, 'I1: only the owner works');
    return true;
  }

  shut(leaseId: string): void {
    this.admitted.delete(leaseId);
    this.working.delete(leaseId);
  }

  /** False: the fence is an old one. The same id again is the same swap. */
  startSwap({ id, fence, to }: Swap, tookMs: number): boolean {
    if (this.known.has(id)) return true;
    if (fence < this.fence) return false;
    must(this.working.size === 0, 'I1: nobody works when the card is handed over');
    this.known.add(id);
    this.fence = fence;
    this.owner = null;
    this.admitted.clear();
    const swap = { id, to };
    this.swap = swap;
    const { bootId } = this;
    this.agenda.after(tookMs, () => {
      // Overtaken by a newer one, or gone with the process.
      if (this.swap !== swap || this.bootId !== bootId) return;
      this.swap = null;
      const isDone = !this.chance.happens(this.failures);
      if (isDone) this.owner = to;
      this.lastSwap = { swapId: id, isDone, tookMs };
      this.swapEnded(this.lastSwap);
    });
    return true;
  }

  /** Connections are cut, nothing is remembered but the fence. */
  restart(): void {
    this.boots += 1;
    this.bootId = `boot-${this.boots}`;
    this.admitted.clear();
    this.working.clear();
    this.known.clear();
    this.owner = null;
    this.swap = null;
    this.lastSwap = null;
  }

  report(state: GpuState): NodeReport {
    const { bootId, fence, owner, swap, lastSwap } = this;
    return {
      bootId,
      highestFence: fence,
      owner,
      swap: swap === null ? null : { swapId: swap.id, to: swap.to, phase: 'load' },
      lastSwap,
      askedAtTurn: state.nodeTurns,
    };
  }
}
