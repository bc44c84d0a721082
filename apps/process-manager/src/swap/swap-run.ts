import { AppError, type Clock } from '@baton/kernel';
import { DEFAULT_OLLAMA_INSTANCE, laneKey, type Lane } from '@baton/contracts';
import type { CardService } from '../gpu/card.service.ts';
import type { GuardService } from '../guard/guard.service.ts';
import type { NodeEngine } from '../node/node-engine.ts';
import type { LoadResult } from '../engines/engine-software.ts';
import type { PhaseLog } from './phase-log.ts';

export interface SwapTimes {
  /** How long soft freeing may take before a child engine is stopped instead. */
  readonly freeMs: number;
  /** How long the driver may take to say that the memory is free. */
  readonly verifyMs: number;
  /** How long a model may take to load: an engine that hangs must not keep the GPU from everybody. */
  readonly loadMs: number;
}

export interface SwapRunParts {
  readonly engines: readonly NodeEngine[];
  readonly guard: GuardService;
  readonly card: CardService;
  readonly clock: Clock;
  readonly times: SwapTimes;
}

export interface SwapOrder {
  /** What the card was last made ready for; null when that is not known. */
  readonly resident: Lane | null;
  readonly to: Lane | null;
  readonly drainMs: number;
  /** Aborted by a newer swap: this one ends at the next safe place. A load that has begun is waited for. */
  readonly signal: AbortSignal;
}

export interface SwapResult {
  readonly loaded: LoadResult;
  /** Engines that had to be stopped, because they would not give the card back. */
  readonly stopped: readonly string[];
}

/**
 * One hand-over, gate closed, in these steps, after a look whether the next engine is there at all:
 *   1. drain: what still goes through the guard ends by itself or is ended;
 *   2. free: every engine that holds more than the next lane needs gives back everything;
 *   3. verify: the driver says that the card is free (not asked when the lane is in memory and nothing else is);
 *   4. start: the lane's engine runs;
 *   5. load: the lane's model is in memory.
 * An engine that will not let go in 1 to 3 is stopped if it is our child. If it is not, the swap fails.
 */
export class SwapRun {
  private readonly parts: SwapRunParts;
  private readonly order: SwapOrder;
  private readonly log: PhaseLog;
  private readonly stopped = new Set<NodeEngine>();

  constructor(parts: SwapRunParts, order: SwapOrder, log: PhaseLog) {
    this.parts = parts;
    this.order = order;
    this.log = log;
  }

  async run(): Promise<SwapResult> {
    const { to, resident, signal } = this.order;
    await this.mustBeThere(to);
    await this.drain();
    signal.throwIfAborted();
    const isLoaded = await this.clearCard();
    signal.throwIfAborted();
    let loaded: LoadResult = 'unknown';
    if (to !== null) {
      const target = this.engineOf(to);
      await this.start(target);
      signal.throwIfAborted();
      const isSame = isLoaded && resident !== null && laneKey(resident) === laneKey(to);
      if (!isSame) loaded = await this.load(target, to);
    }
    signal.throwIfAborted();
    return { loaded, stopped: [...this.stopped].map(({ name }) => name) };
  }

  /** An attached engine that does not answer cannot have a turn: found out before anything is taken from anybody. */
  private async mustBeThere(to: Lane | null): Promise<void> {
    await Promise.all(this.parts.engines.map(({ managed }) => managed.check()));
    if (to === null) return;
    const { managed, name } = this.engineOf(to);
    if (managed.kind === 'attached' && managed.state !== 'ready') {
      throw new AppError('engine.unavailable', { engine: name });
    }
  }

  private async drain(): Promise<void> {
    const { guard } = this.parts;
    const { drainMs, signal, resident } = this.order;
    if (!guard.isInUse) {
      await guard.revokeAll();
      return;
    }
    const holder = this.parts.engines.find(({ name }) => name === (resident?.engine ?? 'comfyui'));
    // What would not end when its lease was revoked had its time then.
    const isHopeless = guard.isUnquiet && holder?.managed.kind === 'child';
    const isQuiet = !isHopeless && (await this.log.measure('drain', () => guard.drain(drainMs, signal)));
    if (isQuiet) return;
    if (holder !== undefined)
      await this.log.measure('drain', () => this.stopHard(holder, 'would not end its work'));
    if (!(await guard.revokeAll()))
      throw new AppError('gpu.swap_failed', { cause: 'work goes on in an engine' });
  }

  /** Resolves with true when the next lane, and only it, is in memory already. */
  private async clearCard(): Promise<boolean> {
    const { to, resident, signal } = this.order;
    const keep = this.mayKeep(to, resident) ? to : null;
    const holders = await this.holders(keep);
    if (holders.length === 0 && keep !== null && (await this.isHolding(this.engineOf(keep), null)))
      return true;
    if (holders.length > 0) {
      const all = await this.holders(null);
      await this.log.measure('free', () => Promise.all(all.map((engine) => this.free(engine))));
      signal.throwIfAborted();
    }
    await this.verify();
    return false;
  }

  /** Ollama tells which models it holds; ComfyUI does not, so only its own last visit may have left it as it should be. */
  private mayKeep(to: Lane | null, resident: Lane | null): boolean {
    return to?.engine === 'ollama' || (to !== null && resident?.engine === to.engine);
  }

  private async holders(keep: Lane | null): Promise<NodeEngine[]> {
    const answers = await Promise.all(this.parts.engines.map((engine) => this.isHolding(engine, keep)));
    return this.parts.engines.filter((_, index) => answers[index]);
  }

  /** An engine that does not run holds nothing; one that does not answer may hold anything. */
  private async isHolding(engine: NodeEngine, keep: Lane | null): Promise<boolean> {
    const { url } = engine;
    if (url === null) return false;
    try {
      return await engine.software.isHolding(url, keep, this.order.signal);
    } catch {
      this.order.signal.throwIfAborted();
      return true;
    }
  }

  private async free(engine: NodeEngine): Promise<void> {
    const { clock, times } = this.parts;
    const { url } = engine;
    if (url === null) return;
    const late = new AbortController();
    const cancel = clock.after(times.freeMs, () => late.abort(new AppError('gpu.swap_failed')));
    try {
      await engine.software.free(url, AbortSignal.any([late.signal, this.order.signal]));
    } catch (cause) {
      this.order.signal.throwIfAborted();
      await this.stopHard(engine, 'would not free', cause);
    } finally {
      cancel();
    }
  }

  private async verify(): Promise<void> {
    const { card, engines, times } = this.parts;
    if (!card.canVerify) return;
    const { signal } = this.order;
    await this.log.measure('verify', async () => {
      try {
        await card.untilFree(times.verifyMs, signal);
      } catch (cause) {
        signal.throwIfAborted();
        const children = engines.filter(({ managed, url }) => managed.kind === 'child' && url !== null);
        if (children.length === 0) throw cause;
        await Promise.all(children.map((engine) => this.stopHard(engine, 'memory not free', cause)));
        await card.untilFree(times.verifyMs, signal);
      }
    });
  }

  /** @throws AppError `gpu.swap_failed` for an engine that is not ours to stop */
  private async stopHard(engine: NodeEngine, why: string, cause?: unknown): Promise<void> {
    if (engine.managed.kind !== 'child') {
      throw new AppError('gpu.swap_failed', { engine: engine.name, why }, { cause });
    }
    this.stopped.add(engine);
    await engine.managed.stop();
    this.parts.card.forgetResidue();
  }

  private async start(target: NodeEngine): Promise<void> {
    if (target.url !== null) return;
    await this.log.measure('start', () => target.managed.ensureReady());
  }

  private async load(target: NodeEngine, lane: Lane): Promise<LoadResult> {
    const first = await this.loadOnce(target, lane);
    if (first !== 'split' || !this.parts.card.canVerify) return first;
    // The engine saw too little free memory a moment too early: once more, on a card that is verified to be free. If
    // it is split then as well, the model is larger than the card.
    this.order.signal.throwIfAborted();
    await this.log.measure('free', () => this.free(target));
    await this.verify();
    await this.start(target);
    this.order.signal.throwIfAborted();
    return this.loadOnce(target, lane);
  }

  private async loadOnce(target: NodeEngine, lane: Lane): Promise<LoadResult> {
    const { url } = target;
    if (url === null) throw new AppError('engine.unavailable', { engine: target.name });
    const { clock, times } = this.parts;
    const late = new AbortController();
    const stalled = new AppError('engine.stalled', { engine: target.name, lane: laneKey(lane) });
    const cancel = clock.after(times.loadMs, () => late.abort(stalled));
    try {
      return await this.log.measure('load', () => target.software.load(url, lane, late.signal));
    } finally {
      cancel();
    }
  }

  private engineOf(lane: Lane): NodeEngine {
    const isKnown = lane.engine !== 'ollama' || lane.instance === DEFAULT_OLLAMA_INSTANCE;
    const engine = this.parts.engines.find(({ name }) => name === lane.engine);
    if (engine === undefined || !isKnown) throw new AppError('engine.unavailable', { engine: lane.engine });
    return engine;
  }
}
