import type { GpuJob, GrantReason, LeaseRecord, RevokeReason, SwapRecord } from '@baton/contracts';
import { LEASE_TTL_MS } from '@baton/contracts';
import { AppError, codeOf, pause, type Clock } from '@baton/kernel';
import type { GrantFailure } from '../core/facts.ts';
import type { WaitingJob } from '../core/lane-queue.ts';
import type { Effect, Ending } from '../core/state.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import type { MemoryStore } from '../leases/memory.store.ts';
import type { JobStore } from '../queue/job.store.ts';
import type { GpuNode } from './gpu-node.client.ts';
import { toWireLane } from './lanes.ts';

/** Between two tries to reach a process-manager that does not answer. */
const NODE_RETRY_MS = 300;
/** When a swap starts no lease is left; this is for sockets that a client has not closed yet. */
const DRAIN_MS = 2_000;

/** What an effect came to, for the core and for the log. */
export interface EffectResults {
  granted(leaseId: string, bootId: string): void;
  grantFailed(leaseId: string, why: GrantFailure): void;
  swapAccepted(swapId: string): void;
  swapRefused(swapId: string): void;
  doorShut(leaseId: string, isQuiet: boolean): void;
  ended(jobId: string, ending: Ending): void;
  orderEnded(order: Of<'orderDone'>): void;
  nodeAway(error: unknown): void;
}

export interface EffectsContext {
  readonly epoch: number;
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly jobs: JobStore;
  readonly memory: MemoryStore;
  readonly node: GpuNode;
  readonly results: EffectResults;
  /** Aborted at the end of the term: nothing is repeated any more. */
  readonly signal: AbortSignal;
  /** The time that the policy goes by. */
  now(): number;
  /** The payload of a job that the core knows. */
  payload(jobId: string): GpuJob | undefined;
  swapRecord(swapId: string): SwapRecord | null;
}

type Of<Kind extends Effect['do']> = Extract<Effect, { do: Kind }>;

/** Carries out what the core decided. Whatever it throws ends the term: the next one starts from what Redis says. */
export class Effects {
  private readonly context: EffectsContext;
  private readonly tokens = new Map<string, string>();
  /** Leases whose work an engine would not let go of. */
  private readonly unquiet = new Set<string>();

  constructor(context: EffectsContext) {
    this.context = context;
  }

  /** A lease of a former leader is ended with the token that was stored with it. */
  adopt(lease: LeaseRecord): void {
    this.tokens.set(lease.leaseId, lease.lockToken);
  }

  perform(effect: Effect): Promise<void> {
    switch (effect.do) {
      case 'grant':
        return this.grant(effect);
      case 'startSwap':
        return this.startSwap(effect);
      case 'close':
        return this.close(effect);
      case 'finish':
        return this.finish(effect);
      case 'end':
        return this.end(effect);
      case 'orderDone':
        return this.endOrder(effect);
    }
  }

  lockOf(leaseId: string): string {
    return this.tokens.get(leaseId) ?? leaseId;
  }

  /**
   * The job is claimed while the guard is told; only when both have worked is the lease stored and published, in one
   * script. Whoever dies in between leaves a job that is put back and an admission that nobody can use.
   */
  private async grant({ leaseId, job, fence, swapId, reason }: Of<'grant'>): Promise<void> {
    const { jobs, node, results, epoch } = this.context;
    const payload = this.context.payload(job.id);
    if (payload === undefined) {
      results.grantFailed(leaseId, 'job_gone');
      return;
    }
    const [claim, admission] = await Promise.allSettled([
      jobs.claim(epoch, job.id, leaseId),
      node.admit({ leaseId, fence, lane: payload.lane, alsoModels: payload.alsoModels ?? [] }),
    ]);
    if (claim.status === 'rejected') throw claim.reason;
    if (admission.status === 'rejected') {
      if (claim.value) await jobs.putBack(epoch, job.id, leaseId);
      results.grantFailed(leaseId, isAway(admission.reason) ? 'away' : 'refused');
      return;
    }
    const outcome = claim.value
      ? await this.store({ leaseId, job, fence, payload, swapId, reason })
      : 'job_gone';
    if (outcome === 'granted') {
      results.granted(leaseId, admission.value.bootId);
      return;
    }
    await this.shutDoor(leaseId);
    if (outcome === 'cancelled') await jobs.putBack(epoch, job.id, leaseId);
    results.grantFailed(leaseId, outcome);
  }

  private store(grant: {
    readonly leaseId: string;
    readonly job: WaitingJob;
    readonly fence: number;
    readonly payload: GpuJob;
    readonly swapId: string | null;
    readonly reason: GrantReason;
  }): Promise<'granted' | 'cancelled'> {
    const { leaseId, job, fence, payload, swapId, reason } = grant;
    const { epoch, leases } = this.context;
    const { lane, userId, kind, messageId, chatId, submittedAtMs, estimateMs, urgency } = payload;
    return leases.grant(epoch, {
      record: {
        leaseId,
        jobId: job.id,
        lane,
        fence,
        userId,
        kind,
        messageId,
        chatId,
        lockToken: leaseId,
        grantedAtMs: this.context.now(),
        reason,
        submittedAtMs,
        estimateMs,
        ...(urgency === undefined ? {} : { urgency }),
      },
      ttlMs: LEASE_TTL_MS,
      event: {
        type: 'lease.granted',
        jobId: job.id,
        leaseId,
        fence,
        lane,
        ttlMs: LEASE_TTL_MS,
        swap: swapId === null ? null : this.context.swapRecord(swapId),
      },
    });
  }

  /** The same swap id is the same swap, so it is asked for until the node has said yes or no. */
  private async startSwap({ swap }: Of<'startSwap'>): Promise<void> {
    const { epoch, leases, node, results } = this.context;
    await leases.useFence(epoch, swap.fence);
    const to = swap.to === null ? null : toWireLane(swap.to);
    const answer = await this.untilAnswered(async () => {
      try {
        await node.startSwap({ swapId: swap.id, fence: swap.fence, to, drainMs: DRAIN_MS });
        return 'accepted';
      } catch (error) {
        if (isAway(error)) throw error;
        return 'refused';
      }
    });
    if (answer === 'accepted') results.swapAccepted(swap.id);
    else results.swapRefused(swap.id);
  }

  private async close({ leaseId, jobId, revoke }: Of<'close'>): Promise<void> {
    const { epoch, leases, results } = this.context;
    if (revoke !== null) {
      const reason: RevokeReason = revoke;
      await leases.revoke(epoch, leaseId, { type: 'lease.revoked', jobId, leaseId, reason });
    }
    const isQuiet = await this.shutDoor(leaseId);
    if (!isQuiet) this.unquiet.add(leaseId);
    results.doorShut(leaseId, isQuiet);
  }

  private async shutDoor(leaseId: string): Promise<boolean> {
    const { quiet } = await this.untilAnswered(() => this.context.node.revoke(leaseId));
    return quiet;
  }

  private async finish({ leaseId, job, ending }: Of<'finish'>): Promise<void> {
    const { jobs, epoch } = this.context;
    await jobs.end(epoch, job.id, this.lockOf(leaseId), ending);
    this.tokens.delete(leaseId);
    await this.announceEnd(job.id, leaseId, ending, this.unquiet.delete(leaseId) ? { quiet: false } : {});
  }

  private async end({ job, ending, expectedWaitMs }: Of<'end'>): Promise<void> {
    const { jobs, epoch } = this.context;
    await jobs.endWaiting(epoch, job.id, ending);
    const wait =
      expectedWaitMs === undefined ? {} : { expectedWaitMs: Math.max(0, Math.round(expectedWaitMs)) };
    await this.announceEnd(job.id, null, ending, wait);
  }

  /** For a job that the core never saw: it cannot be read. */
  async refuse(jobId: string, ending: Ending): Promise<void> {
    await this.context.jobs.endWaiting(this.context.epoch, jobId, ending);
    await this.announceEnd(jobId, null, ending);
  }

  /** A newer order may have taken its place in Redis already; that one stays. */
  private async endOrder(order: Of<'orderDone'>): Promise<void> {
    const { memory, epoch, results } = this.context;
    if ((await memory.order())?.id === order.orderId) await memory.keepOrder(epoch, null);
    results.orderEnded(order);
  }

  private async announceEnd(
    jobId: string,
    leaseId: string | null,
    { outcome, code }: Ending,
    more: { readonly expectedWaitMs?: number; readonly quiet?: boolean } = {},
  ): Promise<void> {
    await this.context.leases.forget(this.context.epoch, {
      jobId,
      leaseId,
      event: { type: 'job.ended', jobId, outcome, code, ...more },
    });
    this.context.results.ended(jobId, { outcome, code });
  }

  private async untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.context.signal.aborted) throw error;
        // Also after an error of the node's own: without its answer the card is not free.
        if (isAway(error)) this.context.results.nodeAway(error);
        await pause(this.context.clock, NODE_RETRY_MS, this.context.signal);
      }
    }
  }
}

function isAway(error: unknown): boolean {
  return error instanceof AppError && ['call.unreachable', 'call.timeout'].includes(codeOf(error));
}
