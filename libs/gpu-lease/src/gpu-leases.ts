import type { GpuJob } from '@baton/contracts';
import { AppError, unlessAborted, type Clock } from '@baton/kernel';
import { correlationId, type Log, type NodeGuard, type RedisConnections } from '@baton/platform';
import { AwayWatch } from './away-watch.ts';
import type { JobEvents } from './job-events.ts';
import type { Grant, Lease, LeaseRequest } from './lease.ts';
import { NodeAccess } from './node-access.ts';
import { PlacementStore } from './placement.store.ts';

export interface GpuLeasesContext {
  /** The GPUs, each with the address of its guard. With one nothing has to be placed. */
  readonly nodes: readonly NodeGuard[];
  readonly clock: Clock;
  readonly log: Log;
  readonly redis: RedisConnections;
}

/** The way to the GPU as services take it: `GpuLeases` in production, a fake that grants when it is told to in tests. */
export type GpuAccess = Pick<GpuLeases, 'withLease'>;

/** Why a waiter stops waiting at a node: its job was taken off there. */
const MOVED = new Error('the job goes to another node');

/** The only way to a GPU: one piece of work, one lease, given back whatever happens. */
export class GpuLeases {
  private readonly context: GpuLeasesContext;
  private readonly byNode: ReadonlyMap<string, NodeAccess>;
  private readonly only: NodeAccess | null;
  private readonly placement: PlacementStore;

  constructor(context: GpuLeasesContext) {
    this.context = context;
    const { nodes, clock, log, redis } = context;
    this.byNode = new Map(
      nodes.map(({ node, guardBaseUrl }) => [
        node,
        new NodeAccess({ node, guardBaseUrl, clock, log, redis }),
      ]),
    );
    const [first, ...others] = this.byNode.values();
    this.only = others.length === 0 ? (first ?? null) : null;
    this.placement = new PlacementStore(
      redis.dedicated('gpu-lease placement'),
      [...this.byNode.keys()],
      clock,
    );
  }

  /**
   * Waits for a GPU, holds it while `work` runs, gives it back. While Redis is away it waits; `request.signal` is what
   * bounds that.
   *
   * @throws AppError `gpu.job_cancelled`, `gpu.lease_lost`, `engine.unavailable`, `gpu.wait_too_long`; `gpu.overloaded`
   *   and `gpu.user_limit` with `details.expectedWaitMs` when it was not let into the queue; and what `work` throws while
   *   it holds the lease
   */
  async withLease<T>(request: LeaseRequest, work: (lease: Lease) => Promise<T>): Promise<T> {
    const { jobId, signal } = request;
    const { clock } = this.context;
    const startedAt = clock.monotonic();
    const stop = cancelled(signal, jobId);
    let left: (() => void) | null = null;
    const job: GpuJob = {
      ...request.job,
      version: 1,
      submittedAtMs: clock.now(),
      correlationId: correlationId(),
    };
    try {
      for (;;) {
        const node = await unlessAborted(this.place(request), stop.signal);
        const events = await unlessAborted(node.ready(), stop.signal);
        if (events.has(jobId)) throw new Error(`job ${jobId} is waited for twice in one process`);
        left?.();
        left = node.watchEnd(events, request);
        const grant = await this.wait(node, { request, job, events }, stop.signal);
        if (grant === 'moved') continue;
        const queuedMs = Math.round(clock.monotonic() - startedAt);
        return await node.hold({ request, grant, events, queuedMs, stop: stop.signal }, work);
      }
    } finally {
      stop.dispose();
      if (left !== null) left();
      // Never submitted: there is nothing that the scheduler could tell about.
      else if (signal.aborted) request.onEnded?.({ outcome: 'cancelled', isQuiet: true });
      this.leave(jobId);
    }
  }

  /** Waits a moment for what is still on its way to Redis. The connections are the platform's. */
  async close(): Promise<void> {
    await Promise.all([...this.byNode.values()].map((node) => node.close()));
  }

  /** With one node there is no question, and no way to Redis for it. */
  private async place({ jobId, job, signal }: LeaseRequest): Promise<NodeAccess> {
    if (this.only !== null) return this.only;
    const name = await this.placement.place(jobId, job.lane, signal);
    const node = this.byNode.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  private async wait(
    node: NodeAccess,
    asked: { readonly request: LeaseRequest; readonly job: GpuJob; readonly events: JobEvents },
    stop: AbortSignal,
  ): Promise<Grant | 'moved'> {
    if (this.only !== null) {
      return node.wait({ ...asked, isWithdrawing: () => false }, stop, NEVER);
    }
    const { jobId, lane } = { jobId: asked.request.jobId, lane: asked.job.lane };
    const leave = new AbortController();
    const watch = new AwayWatch({
      clock: this.context.clock,
      isBetterOff: () => this.placement.isBetterOff(jobId),
      withdraw: () => node.withdraw(jobId),
      withdrawn: () => leave.abort(MOVED),
    });
    try {
      return await node.wait({ ...asked, isWithdrawing: () => watch.isWithdrawing }, stop, leave.signal);
    } catch (error) {
      if (error !== MOVED) throw error;
      this.context.log.event('gpu_job.move', { jobId, from: node.node });
      // A crash before this is harmless: the job is in no queue, and is submitted again where it was.
      await this.placement.move(jobId, lane);
      return 'moved';
    } finally {
      watch.stop();
    }
  }

  private leave(jobId: string): void {
    if (this.only !== null) return;
    this.placement.left(jobId).catch((error: unknown) => {
      this.context.log.debug('gpu_job.placed', { jobId, cause: String(error) });
    });
  }
}

const NEVER = new AbortController().signal;

/** The caller's signal with our reason: whoever sees it aborted gets an AppError. */
function cancelled(
  signal: AbortSignal,
  jobId: string,
): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const stop = new AbortController();
  const onAbort = (): void =>
    stop.abort(new AppError('gpu.job_cancelled', { jobId }, { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { signal: stop.signal, dispose: () => signal.removeEventListener('abort', onAbort) };
}
