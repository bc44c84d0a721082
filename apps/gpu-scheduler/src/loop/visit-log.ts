import type { LeaseHistory, SwapCause, SwapEnd, VisitRecord } from '@baton/contracts';
import type { Lane } from '../core/lane-queue.ts';
import type { Ending, GpuState } from '../core/state.ts';
import type { HistoryChange, OpenVisit } from '../leases/history.store.ts';
import { toLabel } from './lanes.ts';

/** A visit without images can last for days: its record is kept in parts of so many leases. */
const LEASES_PER_PART = 100;
/** So many of them must be over: those that are held go along, and in a visit of hundreds each grant would begin a part. */
const ENDED_PER_PART = 50;

interface Opening {
  readonly fence: number;
  readonly lane: Lane | null;
  readonly cause: SwapCause | null;
  /** The swap that it begins with; null for a visit that was found. */
  readonly swapId: string | null;
  readonly nowMs: number;
}

/**
 * Writes the history of visits down as it happens, in memory: which visit is open, its swap, its leases. What is new
 * since the last look is handed out by `takeChange` for whoever stores it. It follows the state and decides nothing.
 */
export class VisitLog {
  private readonly node: string;
  private record: VisitRecord | null = null;
  /** Set while the hand-over to it lasts. */
  private swapId: string | null = null;
  /** The record was another leader's, and the state has not shown yet whether the visit goes on. */
  private isInherited = false;
  private over: VisitRecord[] = [];
  private isAnew = false;
  private hasNews = false;
  private readonly newLeases = new Map<string, LeaseHistory>();
  private readonly pending = new Map<string, LeaseHistory>();

  constructor(node: string) {
    this.node = node;
  }

  /** The visit that a former leader left open; to be told before anything else. */
  inherit({ record, swapId }: OpenVisit): void {
    this.record = record;
    this.swapId = swapId;
    this.isInherited = true;
  }

  /** A lease of a former leader that its record does not have. */
  found(lease: LeaseHistory): void {
    if (this.record?.leases.some(({ lease_id }) => lease_id === lease.lease_id) === false) this.put(lease);
  }

  /** The visit under way. */
  get current(): VisitRecord | null {
    return this.record;
  }

  swapStarted(
    swap: { readonly id: string; readonly fence: number; readonly to: Lane | null },
    cause: SwapCause,
    nowMs: number,
  ): void {
    this.close(nowMs);
    this.open({ fence: swap.fence, lane: swap.to, cause, swapId: swap.id, nowMs });
  }

  swapEnded(end: SwapEnd, nowMs: number): void {
    if (this.record === null || this.swapId !== end.swapId) return;
    this.swapId = null;
    this.record = { ...this.record, swap: end.record };
    this.hasNews = true;
    if (end.outcome === 'done' && end.record.to !== null) {
      this.record = { ...this.record, opened_at_ms: nowMs };
      return;
    }
    if (end.outcome === 'failed') this.record = { ...this.record, lane: null, failed: end.code };
    this.close(nowMs);
  }

  /** It was decided; whether it comes to be is heard later. */
  granting(lease: LeaseHistory): void {
    this.pending.set(lease.lease_id, lease);
  }

  /** An echo when its end was heard of first, which happens: holders can be quicker than our own answer from Redis. */
  granted(leaseId: string, nowMs: number): void {
    const lease = this.pending.get(leaseId);
    this.pending.delete(leaseId);
    if (lease === undefined || this.record === null) return;
    if (this.isPartFull(this.record)) this.beginPart(nowMs);
    this.put({ ...lease, granted_at_ms: nowMs });
  }

  grantFailed(leaseId: string): void {
    this.pending.delete(leaseId);
  }

  leaseEnded(leaseId: string, { outcome, code }: Ending, nowMs: number): void {
    this.granted(leaseId, nowMs);
    const lease = this.record?.leases.find(({ lease_id }) => lease_id === leaseId);
    if (lease !== undefined && lease.ended_at_ms === null) {
      this.put({ ...lease, ended_at_ms: nowMs, outcome, code });
    }
  }

  /**
   * After every fact, so that no visit is missed: one that was found and not ordered, and the end of one that the node
   * ended. Checked in this order:
   *   1. nobody owns the GPU and the node is there: what was open is over;
   *   2. the visit or swap is the open one: it goes on;
   *   3. a former leader's visit under a fresh fence: it goes on as well;
   *   4. anything else is another visit.
   */
  follow(state: GpuState, nowMs: number): void {
    const { swap, visit } = state;
    const seen = swap !== null ? { fence: swap.fence, lane: swap.to } : visit;
    if (seen === null) {
      if (state.node.isPresent) this.close(nowMs);
      return;
    }
    if (this.record?.fence === seen.fence) {
      if (swap === null && this.swapId !== null) this.endedUnseen(nowMs);
      this.isInherited = false;
      return;
    }
    if (this.record !== null && this.isInherited && swap === null && this.isSameLane(seen.lane)) {
      this.record = { ...this.record, fence: seen.fence };
      this.isInherited = false;
      this.hasNews = true;
      return;
    }
    this.close(nowMs);
    this.open({ ...seen, cause: null, swapId: swap?.id ?? null, nowMs });
  }

  get isChanged(): boolean {
    return this.hasNews || this.over.length > 0;
  }

  /** What is new since the last time. */
  takeChange(): HistoryChange {
    const open = this.record === null ? null : { record: this.record, swapId: this.swapId };
    const change = { over: this.over, isAnew: this.isAnew, open, leases: [...this.newLeases.values()] };
    this.over = [];
    this.isAnew = false;
    this.hasNews = false;
    this.newLeases.clear();
    return change;
  }

  /** The visit has begun although nobody told how its swap ended. */
  private endedUnseen(nowMs: number): void {
    if (this.record === null) return;
    this.swapId = null;
    this.record = { ...this.record, opened_at_ms: nowMs };
    this.hasNews = true;
  }

  private isSameLane(lane: Lane | null): boolean {
    const mine = this.record?.lane ?? null;
    if (mine === null || lane === null || this.swapId !== null) return false;
    const label = toLabel(lane);
    return mine.engine === label.engine && mine.model === label.model;
  }

  private open({ fence, lane, cause, swapId, nowMs }: Opening): void {
    this.record = {
      node: this.node,
      fence,
      lane: lane === null ? null : toLabel(lane),
      cause,
      swap: null,
      failed: null,
      opened_at_ms: nowMs,
      closed_at_ms: null,
      leases: [],
    };
    this.swapId = swapId;
    this.begun();
  }

  /** A swap that is still open then did not come to an end that anybody knows of. */
  private close(nowMs: number): void {
    if (this.record === null) return;
    const isLost = this.swapId !== null;
    const lost = isLost ? { lane: null, failed: 'gpu.swap_failed' } : {};
    this.over.push({ ...this.record, ...lost, closed_at_ms: nowMs });
    this.record = null;
    this.swapId = null;
    this.begun();
  }

  private isPartFull({ leases }: VisitRecord): boolean {
    if (leases.length < LEASES_PER_PART) return false;
    return leases.filter(({ ended_at_ms }) => ended_at_ms !== null).length >= ENDED_PER_PART;
  }

  /** What has ended stays in the old part; who still holds a lease comes along. */
  private beginPart(nowMs: number): void {
    if (this.record === null) return;
    const part = this.record.part ?? 1;
    const held = this.record.leases.filter(({ ended_at_ms }) => ended_at_ms === null);
    const ended = this.record.leases.filter(({ ended_at_ms }) => ended_at_ms !== null);
    this.over.push({ ...this.record, part, leases: ended, closed_at_ms: nowMs });
    this.record = {
      ...this.record,
      part: part + 1,
      cause: null,
      swap: null,
      opened_at_ms: nowMs,
      leases: held,
    };
    this.begun();
    for (const lease of held) this.newLeases.set(lease.lease_id, lease);
  }

  private begun(): void {
    this.isAnew = true;
    this.isInherited = false;
    this.hasNews = true;
    this.newLeases.clear();
  }

  private put(lease: LeaseHistory): void {
    if (this.record === null) return;
    const others = this.record.leases.filter(({ lease_id }) => lease_id !== lease.lease_id);
    this.record = { ...this.record, leases: [...others, lease] };
    this.newLeases.set(lease.lease_id, lease);
    this.hasNews = true;
  }
}
