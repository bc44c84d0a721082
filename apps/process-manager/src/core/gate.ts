import { AppError } from '@baton/kernel';

/** Whose turn it is: `key` tells lanes apart, `engine` is the only engine that may be used meanwhile. */
export interface Owner {
  readonly key: string;
  readonly engine: string;
}

export interface AdmittedLease {
  readonly leaseId: string;
  readonly fence: number;
  readonly owner: Owner;
}

/** A request that asks to pass: what its headers and its path said. */
export interface Passage {
  readonly leaseId: string | undefined;
  readonly fence: number | undefined;
  readonly engine: string;
}

/** Revoked ids that are remembered, so that a late admission cannot let a lease in again. */
const REVOKED_KEPT = 1_000;

/**
 * Who may use which engine now. Pure bookkeeping: fences only grow, at most one owner, nothing passes while there is
 * none. The caller persists `highestFence` before `open`.
 */
export class Gate {
  private highest: number;
  private current: Owner | null = null;
  private readonly leases = new Map<string, AdmittedLease>();
  private readonly revoked = new Set<string>();

  constructor(highestFence: number) {
    this.highest = highestFence;
  }

  get highestFence(): number {
    return this.highest;
  }

  /** Null while the gate is closed. */
  get owner(): Owner | null {
    return this.current;
  }

  get admitted(): readonly string[] {
    return [...this.leases.keys()];
  }

  /** @throws AppError `gpu.stale_fence` for a smaller fence than one seen before */
  seeFence(fence: number): void {
    if (fence < this.highest) throw new AppError('gpu.stale_fence', { fence, highest: this.highest });
    this.highest = fence;
  }

  open(owner: Owner): void {
    this.current = owner;
  }

  /** Nothing new passes from now on. Leases stay known until they are revoked. */
  close(): void {
    this.current = null;
  }

  /**
   * Idempotent.
   *
   * @throws AppError `gpu.stale_fence`; `gpu.swap_failed` when the lane does not own the GPU; `gpu.lease_lost` when the
   *   lease was revoked before
   */
  admit(lease: AdmittedLease): void {
    if (this.revoked.has(lease.leaseId)) throw new AppError('gpu.lease_lost', { leaseId: lease.leaseId });
    if (lease.fence < this.highest) this.seeFence(lease.fence);
    if (this.current?.key !== lease.owner.key) {
      throw new AppError('gpu.swap_failed', { wanted: lease.owner.key, owner: this.current?.key ?? null });
    }
    this.seeFence(lease.fence);
    this.leases.set(lease.leaseId, lease);
  }

  /** False for a lease that was not admitted. */
  revoke(leaseId: string): boolean {
    this.revoked.add(leaseId);
    const [oldest] = this.revoked;
    if (this.revoked.size > REVOKED_KEPT && oldest !== undefined) this.revoked.delete(oldest);
    return this.leases.delete(leaseId);
  }

  /**
   * The lease that lets a request pass. Checked in this order:
   *   1. without lease and fence, or with a lease nobody admitted: `gpu.lease_required`;
   *   2. another fence than the lease's, or an older one than the highest seen: `gpu.stale_fence`;
   *   3. gate closed, or another engine than the owner's: `gpu.lease_lost`.
   */
  check(passage: Passage): AdmittedLease {
    const { leaseId, fence, engine } = passage;
    const lease = leaseId === undefined ? undefined : this.leases.get(leaseId);
    if (lease === undefined || fence === undefined) throw new AppError('gpu.lease_required', { engine });
    if (fence !== lease.fence || fence < this.highest) {
      throw new AppError('gpu.stale_fence', { fence, highest: this.highest });
    }
    if (this.current === null || this.current.engine !== engine || this.current.key !== lease.owner.key) {
      throw new AppError('gpu.lease_lost', { engine, owner: this.current?.key ?? null });
    }
    return lease;
  }
}
