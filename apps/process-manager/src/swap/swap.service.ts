import { AppError, codeOf, exhaustive, type Clock } from '@baton/kernel';
import {
  laneKey,
  type CardView,
  type EngineName,
  type Lane,
  type LaneLabel,
  type NodeStatus,
  type SwapEnd,
  type SwapPhase,
} from '@baton/contracts';
import type { Gate } from '../core/gate.ts';
import { TaskQueue } from '../core/task-queue.ts';
import type { FenceStore } from './fence.store.ts';
import { PhaseLog } from './phase-log.ts';
import { EngineRelease } from './engine-release.ts';
import { SwapRun, type SwapDeeds, type SwapRunParts, type VisitMemory } from './swap-run.ts';

export interface SwapRequest {
  readonly swapId: string;
  readonly fence: number;
  readonly to: Lane | null;
  readonly drainMs: number;
}

/** Who is told of a swap, as it happens. */
export interface SwapReports {
  phase(swapId: string, phase: SwapPhase): void;
  ended(end: SwapEnd, deeds: SwapDeeds, error: unknown): void;
  /** The owner's model goes, by hand: nobody owns the GPU from now on. */
  unloaded(lane: Lane): void;
  /** Memory ran short beside the owner: these had to let go, and will not stay beside it again. */
  relieved(engines: readonly EngineName[], why: string, error: unknown): void;
}

export interface SwapParts extends SwapRunParts {
  readonly gate: Gate;
  readonly fences: FenceStore;
  readonly clock: Clock;
  readonly reports: SwapReports;
}

interface Current {
  readonly request: SwapRequest;
  readonly abort: AbortController;
  readonly log: PhaseLog;
  readonly startedAtMs: number;
}

/** Ids of swaps that are remembered, so that a repeated request starts nothing. */
const IDS_KEPT = 200;

/**
 * Hands the GPU over, one swap at a time. A request with a known id is the same swap; one with a higher fence ends the
 * swap that runs at its next safe place and goes on from whatever that one left. The gate opens only at the end of a swap
 * that was not overtaken.
 */
export class SwapService {
  private readonly parts: SwapParts;
  private readonly queue = new TaskQueue();
  private readonly known = new Set<string>();
  private newest: AbortController | null = null;
  private readonly lettingGo = new Set<AbortController>();
  private current: Current | null = null;
  private resident: Lane | null = null;
  private visit: VisitMemory | null = null;
  /** The fence of the newest swap of this process's life: a fence is one swap's. */
  private newestFence: number | null = null;
  private isRelieving = false;
  private openFor: Lane | null = null;
  private last: SwapEnd | null = null;

  constructor(parts: SwapParts) {
    this.parts = parts;
  }

  /** Whose engine may be used now. */
  get owner(): Lane | null {
    return this.parts.gate.owner === null ? null : this.openFor;
  }

  get swap(): NodeStatus['swap'] {
    if (this.current === null) return null;
    const { request, log, startedAtMs } = this.current;
    return { swapId: request.swapId, phase: log.phase, startedAtMs, to: request.to };
  }

  get lastSwap(): SwapEnd | null {
    return this.last;
  }

  /**
   * Begins a swap and returns at once, the gate closed.
   *
   * @throws AppError `gpu.stale_fence` for a smaller fence than one seen before, and for that of another swap
   */
  start(request: SwapRequest): void {
    if (this.known.has(request.swapId)) return;
    const { gate, fences } = this.parts;
    if (request.fence === this.newestFence) throw new AppError('gpu.stale_fence', { fence: request.fence });
    gate.seeFence(request.fence);
    gate.close();
    // A disk that does not take it: the gate stays shut, and the same request may come again.
    fences.keep(request.fence);
    this.newestFence = request.fence;
    this.remember(request.swapId);
    this.newest?.abort(new AppError('gpu.stale_fence', { by: request.swapId }));
    for (const letGo of this.lettingGo) letGo.abort(new AppError('model.in_use', { by: request.swapId }));
    const abort = new AbortController();
    this.newest = abort;
    void this.queue.run(() => this.perform(request, abort));
  }

  /**
   * An engine ended by itself. If it owned the GPU, nobody passes until a swap has brought it up again: a lease for an
   * engine that is still starting would fail its holder at once.
   */
  engineEnded(engine: EngineName): void {
    if (this.current !== null || this.openFor?.engine !== engine) return;
    this.parts.gate.close();
    this.openFor = null;
    this.resident = null;
    this.visit = null;
  }

  /**
   * Memory has run short in a visit beside which others stay: they let go of theirs now, while the owner goes on. A new
   * swap ends this at once and does it itself.
   */
  relieve(why: string): void {
    const { gate } = this.parts;
    if (gate.owner === null || this.isRelieving || (this.visit?.beside.length ?? 0) === 0) return;
    this.isRelieving = true;
    const abort = new AbortController();
    this.newest = abort;
    void this.queue.run(() => this.freeBeside(why, abort.signal)).finally(() => (this.isRelieving = false));
  }

  /** Whether somebody holds a lease of such a lane, or something of one is still open. */
  isUsed(isMeant: (lane: Lane) => boolean): boolean {
    const { gate, guard } = this.parts;
    // A lease may use more than the lane that it was granted for.
    if (guard.leasedLanes.some(isMeant)) return true;
    if (this.openFor === null || !isMeant(this.openFor)) return false;
    return gate.admitted.length > 0 || guard.isInUse;
  }

  /**
   * Runs `work`, which takes the memory of lanes from an engine, between swaps. If such a lane owns the GPU, it does not any
   * more from here on, whatever the work comes to; the next swap to it finds out what is in memory. A swap that is asked
   * for meanwhile aborts the work.
   *
   * @throws AppError `model.in_use` while somebody uses such a lane, or when a swap comes first; and what `work` throws
   */
  async letGo<T>(isMeant: (lane: Lane) => boolean, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    this.lettingGo.add(abort);
    try {
      return await this.queue.run(async () => {
        abort.signal.throwIfAborted();
        if (this.isUsed(isMeant)) throw new AppError('model.in_use');
        this.disown(isMeant);
        return await work(abort.signal);
      });
    } finally {
      this.lettingGo.delete(abort);
    }
  }

  /** With each look at the card. */
  onCardLook({ total_mib, used_mib }: CardView): void {
    if (this.parts.sharing.isCrowded(total_mib, used_mib)) this.relieve('less free than the minimum');
  }

  /** Ends the swap that runs, for the end of this process, and resolves when it has. */
  async close(): Promise<void> {
    this.parts.gate.close();
    const reason = new AppError('gpu.swap_failed', { cause: 'shutting down' });
    this.newest?.abort(reason);
    for (const letGo of this.lettingGo) letGo.abort(reason);
    await this.queue.run(() => Promise.resolve());
  }

  private async perform(request: SwapRequest, abort: AbortController): Promise<void> {
    const { clock, reports, gate } = this.parts;
    const { swapId, fence, to, drainMs } = request;
    const log = new PhaseLog(clock, 'drain', (phase) => reports.phase(swapId, phase));
    this.current = { request, abort, log, startedAtMs: clock.now() };
    const from = this.resident;
    const { visit } = this;
    const run = new SwapRun(this.parts, { resident: from, visit, to, drainMs, signal: abort.signal }, log);
    const record = () => log.record({ id: swapId, from: labelOf(from), to: labelOf(to) }, run.deeds);
    try {
      // Until it has succeeded nobody knows what is in memory.
      this.resident = null;
      this.visit = null;
      await run.run();
      await log.measure('ready', async () => this.openGate(to, abort.signal));
      this.visit = this.visitAfter(run.deeds, visit);
      this.finish({ outcome: 'done', swapId, fence, record: record() }, run.deeds, undefined);
    } catch (error) {
      gate.close();
      this.finish(
        { outcome: 'failed', swapId, fence, record: record(), code: codeOf(error) },
        run.deeds,
        error,
      );
    } finally {
      this.current = null;
    }
  }

  private openGate(to: Lane | null, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.resident = to;
    this.openFor = to;
    if (to !== null) this.parts.gate.open({ key: laneKey(to), engine: to.engine });
  }

  /** Where nothing had to be cleared, the visit goes on from where the last one began. */
  private visitAfter({ freedMib, beside }: SwapDeeds, before: VisitMemory | null): VisitMemory {
    const isAlone = beside.length === 0;
    const goesOnAlone = isAlone && before?.beside.length === 0;
    return {
      emptyMib: isAlone ? (freedMib ?? (goesOnAlone ? before.emptyMib : null)) : null,
      sinceMs: this.parts.clock.now(),
      beside,
    };
  }

  private disown(isMeant: (lane: Lane) => boolean): void {
    const { openFor: lane, visit } = this;
    if (lane === null || !isMeant(lane)) {
      if (visit !== null) this.visit = { ...visit, beside: visit.beside.filter((other) => !isMeant(other)) };
      return;
    }
    this.parts.gate.close();
    this.openFor = null;
    this.resident = null;
    this.visit = null;
    this.parts.reports.unloaded(lane);
  }

  private async freeBeside(why: string, signal: AbortSignal): Promise<void> {
    const { visit, resident } = this;
    if (signal.aborted || visit === null || visit.beside.length === 0 || resident === null) return;
    const { card, clock, times, engines, sharing, reports } = this.parts;
    sharing.keepApart(resident, visit.beside);
    const names = visit.beside.map(({ engine }) => engine);
    const release = new EngineRelease({ card, clock, freeMs: times.freeMs, next: null, signal });
    try {
      for (const engine of engines.filter(({ name }) => names.includes(name))) await release.free(engine);
      this.visit = { ...visit, emptyMib: null, beside: [] };
      reports.relieved(names, why, undefined);
    } catch (error) {
      // A new swap has taken over, and frees what is left.
      if (codeOf(error) !== 'gpu.stale_fence') reports.relieved(names, why, error);
    }
  }

  private finish(end: SwapEnd, deeds: SwapDeeds, error: unknown): void {
    this.last = end;
    this.parts.reports.ended(end, deeds, error);
  }

  private remember(swapId: string): void {
    this.known.add(swapId);
    const [oldest] = this.known;
    if (this.known.size > IDS_KEPT && oldest !== undefined) this.known.delete(oldest);
  }
}

export function labelOf(lane: Lane | null): LaneLabel | null {
  if (lane === null) return null;
  switch (lane.engine) {
    case 'comfyui':
      return { engine: 'comfyui', model: null };
    case 'ollama':
      return { engine: 'ollama', model: lane.model };
    default:
      return exhaustive(lane);
  }
}
