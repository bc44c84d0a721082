import { AppError, type Clock } from '@baton/kernel';
import { DEFAULT_OLLAMA_INSTANCE, laneKey, type EngineName, type Lane } from '@baton/contracts';
import { withinTime } from '../core/within-time.ts';
import type { CardService } from '../gpu/card.service.ts';
import type { GuardService } from '../guard/guard.service.ts';
import type { NodeEngine } from '../node/node-engine.ts';
import { LOAD_UNKNOWN, type LoadResult } from '../engines/engine-software.ts';
import { EngineRelease, type Escalation } from './engine-release.ts';
import type { PhaseLog } from './phase-log.ts';
import type { Sharing } from './sharing.ts';

export interface SwapTimes {
  /** How long soft freeing may take before an engine that is ours is stopped instead. */
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
  readonly sharing: Sharing;
  readonly clock: Clock;
  readonly times: SwapTimes;
}

/** What the last visit knew of the card. */
export interface VisitMemory {
  /** In use when it began, with nothing of ours; null when others stayed beside it, or nobody looked. */
  readonly emptyMib: number | null;
  readonly sinceMs: number;
  /** Lanes that stayed in memory beside it. */
  readonly beside: readonly Lane[];
}

export interface SwapOrder {
  /** What the card was last made ready for; null when that is not known. */
  readonly resident: Lane | null;
  readonly visit: VisitMemory | null;
  readonly to: Lane | null;
  readonly drainMs: number;
  /** Aborted by a newer swap: this one ends at the next safe place. A load that has begun is waited for. */
  readonly signal: AbortSignal;
}

/** Figures and deeds of a swap, kept while it runs: a swap that fails has a record, too. */
export interface SwapDeeds {
  readonly beforeMib: number | null;
  /** In use when the card counted as free. */
  readonly freedMib: number | null;
  readonly placement: LoadResult['placement'];
  readonly escalations: readonly Escalation[];
  /** Engines that had to be stopped, because they would not give the card back. */
  readonly stopped: readonly EngineName[];
  /** Lanes of other engines that stayed in memory. */
  readonly beside: readonly Lane[];
}

/** The driver is up to 1.5 s late. What it still counts after this long is held by somebody. */
const RELOOK_MS = 2_500;

/** A look at an engine, not a wait for it: one that does not answer counts as holding the card. */
const LOOK_MS = 5_000;

/**
 * One hand-over, gate closed, in these steps, after a look whether the next engine is there at all:
 *   1. drain: what still goes through the guard ends by itself or is ended;
 *   2. free: every engine that holds more than the next lane needs gives back everything (unless both fit: `Sharing`);
 *   3. verify: the driver says that the card is free (not asked when the lane is in memory and nothing else is);
 *   4. start: the lane's engine runs;
 *   5. load: the lane's model is in memory, all of it.
 * An engine that will not let go in 1 to 3 is stopped if it is ours. If it is not, the swap fails.
 */
export class SwapRun {
  private readonly parts: SwapRunParts;
  private readonly order: SwapOrder;
  private readonly log: PhaseLog;
  private readonly release: EngineRelease;
  private beforeMib: number | null = null;
  private freedMib: number | null = null;
  private placement: LoadResult['placement'] = 'unknown';
  private beside: readonly Lane[] = [];
  private readonly silent = new Set<NodeEngine>();

  constructor(parts: SwapRunParts, order: SwapOrder, log: PhaseLog) {
    this.parts = parts;
    this.order = order;
    this.log = log;
    const { card, clock, times } = parts;
    const { to, signal } = order;
    const next = to?.engine ?? null;
    this.release = new EngineRelease({ card, clock, freeMs: times.freeMs, next, signal });
  }

  get deeds(): SwapDeeds {
    const { beforeMib, freedMib, placement, beside } = this;
    const { escalations, stopped } = this.release;
    return { beforeMib, freedMib, placement, beside, escalations, stopped };
  }

  async run(): Promise<void> {
    const { to, signal } = this.order;
    // What is learned is of use later; that it cannot be written down is no reason to fail.
    const measured = this.measureVisit().catch(() => undefined);
    await this.mustBeThere(to);
    await this.drain();
    signal.throwIfAborted();
    const shared = to === null ? null : await this.share(to, measured);
    const isLoaded = shared === null ? await this.clearCard() : shared.isLoaded;
    signal.throwIfAborted();
    if (to !== null) {
      this.placement = (await this.makeReady(to, isLoaded)).placement;
      signal.throwIfAborted();
    }
    await measured;
  }

  /** An attached engine that does not answer cannot have a turn: found out before anything is taken from anybody. */
  private async mustBeThere(to: Lane | null): Promise<void> {
    await Promise.all(this.parts.engines.map(({ managed }) => managed.check()));
    if (to === null) return;
    const { managed, name } = this.engineOf(to);
    if (!managed.canStop && managed.state !== 'ready') {
      throw new AppError('engine.unavailable', { engine: name });
    }
  }

  /**
   * What the visit that ends has used of the card: what the driver counted at most beyond what it began with, or what the
   * engine says it holds, whichever is more. Nothing waits for it that need not, and it never fails a swap.
   */
  private async measureVisit(): Promise<void> {
    const { card, sharing } = this.parts;
    const { resident, visit } = this.order;
    this.beforeMib = card.view?.used_mib ?? null;
    const engine = this.parts.engines.find(({ name }) => name === resident?.engine);
    const [view, heldMib] = await Promise.all([
      card.refresh(),
      engine === undefined ? 0 : this.heldMib(engine),
    ]);
    if (view === null) return;
    this.beforeMib = Math.max(this.beforeMib ?? 0, view.used_mib);
    if (resident === null || visit?.emptyMib == null) return;
    sharing.learn(resident, Math.max(card.peakMib - visit.emptyMib, heldMib));
  }

  private heldMib({ url, software }: NodeEngine): Promise<number> {
    if (url === null) return Promise.resolve(0);
    return this.atALook((signal) => software.heldMib(url, signal)).catch(() => 0);
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
    const isHopeless = guard.isUnquiet && holder?.managed.canStop === true;
    const isQuiet = !isHopeless && (await this.log.measure('drain', () => guard.drain(drainMs, signal)));
    if (isQuiet) return;
    if (holder !== undefined)
      await this.log.measure('drain', () => this.release.stop(holder, 'would not end its work'));
    if (!(await guard.revokeAll()))
      throw new AppError('gpu.swap_failed', { cause: 'work goes on in an engine' });
  }

  /** Null when the card has to be cleared; else the other engines keep what they have. */
  private async share(to: Lane, measured: Promise<void>): Promise<{ isLoaded: boolean } | null> {
    const { card, sharing, engines } = this.parts;
    const { resident, visit, signal } = this.order;
    const target = this.engineOf(to);
    const known = [...(resident === null ? [] : [resident]), ...(visit?.beside ?? [])];
    const beside = known.filter(({ engine }) => engine !== to.engine);
    if (!sharing.isOn || beside.length === 0 || target.url === null) return null;
    await measured;
    await this.noteTrouble(to);
    const others = await Promise.all(
      engines.filter(({ name }) => name !== to.engine).map((engine) => this.holdsOnly(engine, beside)),
    );
    if (others.includes('more') || !others.includes('that') || (await this.isHolding(target, to)))
      return null;
    const isLoaded = await this.isHolding(target, null);
    const { view } = card;
    if (view === null) return null;
    const room = { totalMib: view.total_mib, usedMib: view.used_mib, emptyMib: card.emptyMib };
    if (!sharing.mayStay({ to, isLoaded, beside, room })) return null;
    signal.throwIfAborted();
    this.beside = beside;
    card.restartPeak();
    return { isLoaded };
  }

  /** Beside others, a visit that ran out of memory, or left less than the minimum, was one too many. */
  private async noteTrouble(to: Lane): Promise<void> {
    const { card, sharing } = this.parts;
    const { resident, visit, signal } = this.order;
    if (resident === null || visit === null || visit.beside.length === 0) return;
    const { url, software } = this.engineOf(resident);
    const isShort = card.view !== null && sharing.isCrowded(card.view.total_mib, card.peakMib);
    const hasFailed =
      url !== null && (await software.ranOutOfMemory(url, visit.sinceMs, signal).catch(() => true));
    if (isShort || hasFailed) sharing.keepApart(resident, [...visit.beside, to]);
  }

  private async holdsOnly(engine: NodeEngine, lanes: readonly Lane[]): Promise<'nothing' | 'that' | 'more'> {
    if (!(await this.isHolding(engine, null))) return 'nothing';
    const own = lanes.find((lane) => lane.engine === engine.name);
    return own === undefined || (await this.isHolding(engine, own)) ? 'more' : 'that';
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
      await this.log.measure('free', () => Promise.all(all.map((engine) => this.release.free(engine))));
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
    if (this.silent.has(engine)) return true;
    const { signal } = this.order;
    try {
      return await this.atALook((limited) => engine.software.isHolding(url, keep, limited));
    } catch {
      signal.throwIfAborted();
      // One silence is enough to wait for: whoever hangs will not answer the next question either.
      this.silent.add(engine);
      return true;
    }
  }

  private atALook<T>(look: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, times } = this.parts;
    const ms = Math.min(LOOK_MS, times.freeMs);
    return withinTime(
      { clock, ms, signal: this.order.signal, late: new AppError('engine.unavailable') },
      look,
    );
  }

  private async verify(): Promise<void> {
    const { card, times } = this.parts;
    if (!card.canVerify) return;
    await this.log.measure('verify', async () => {
      const looks: readonly (() => Promise<unknown>)[] = [
        () => Promise.resolve(),
        // A load that was under way shows in the engine's list only when it is over: asking once more may help.
        () => this.freeLate(),
        () => this.stopOurs(),
      ];
      for (const [at, prepare] of looks.entries()) {
        await prepare();
        const ms = at === 0 ? Math.min(RELOOK_MS, times.verifyMs) : times.verifyMs;
        const usedMib = await this.freedWithin(ms, at === looks.length - 1);
        if (usedMib === null) continue;
        this.freedMib = usedMib;
        break;
      }
      card.restartPeak();
    });
  }

  /** Null when the card is not free in time; the last look rejects instead. */
  private async freedWithin(ms: number, isLast: boolean): Promise<number | null> {
    const { signal, to } = this.order;
    try {
      // Ollama itself makes room for its next model where it cannot be told to.
      return await this.parts.card.untilFree(ms, signal, this.release.leftMib(to?.engine));
    } catch (cause) {
      signal.throwIfAborted();
      // Too little room although our engines have let go: stopping them would make none.
      if (isLast || (cause instanceof AppError && cause.code === 'engine.out_of_memory')) throw cause;
      return null;
    }
  }

  private async freeLate(): Promise<void> {
    const late = await this.holders(null);
    await Promise.all(late.map((engine) => this.release.free(engine)));
  }

  /** @throws AppError `gpu.swap_failed` where none of the engines is ours to stop */
  private async stopOurs(): Promise<void> {
    const ours = this.parts.engines.filter(({ managed, url }) => managed.canStop && url !== null);
    if (ours.length === 0) throw new AppError('gpu.swap_failed', { cause: 'memory not free' });
    await Promise.all(ours.map((engine) => this.release.stop(engine, 'memory not free')));
  }

  private async makeReady(to: Lane, isLoaded: boolean): Promise<LoadResult> {
    const { resident } = this.order;
    const target = this.engineOf(to);
    await this.start(target);
    this.order.signal.throwIfAborted();
    const isSame =
      isLoaded && (this.beside.length > 0 || (resident !== null && laneKey(resident) === laneKey(to)));
    if (isSame) return LOAD_UNKNOWN;
    return this.beside.length > 0 ? this.loadBeside(target, to) : this.load(target, to);
  }

  private async start(target: NodeEngine): Promise<void> {
    if (target.url !== null) return;
    await this.log.measure('start', () => target.managed.ensureReady());
  }

  /** Beside another engine a load may show that the two do not fit after all: then the card is cleared, and never again. */
  private async loadBeside(target: NodeEngine, to: Lane): Promise<LoadResult> {
    const first = await this.loadOnce(target, to).catch((cause: unknown) => {
      if (cause instanceof AppError && cause.code === 'engine.out_of_memory') return null;
      throw cause;
    });
    if (first !== null && first.placement !== 'split') return first;
    this.parts.sharing.keepApart(to, this.beside);
    this.beside = [];
    this.order.signal.throwIfAborted();
    await this.log.measure('free', async () => {
      for (const engine of await this.holders(null)) await this.release.free(engine);
    });
    await this.verify();
    await this.start(target);
    return this.load(target, to);
  }

  private async load(target: NodeEngine, lane: Lane): Promise<LoadResult> {
    this.mustFit(lane);
    const first = await this.loadOnce(target, lane);
    if (first.placement !== 'split' || !this.parts.card.canVerify) return first;
    // The engine saw too little free memory a moment too early: once more, on a card that is verified to be free. If
    // it is split then as well, the model is larger than the card, or than what other programs leave of it.
    this.order.signal.throwIfAborted();
    await this.log.measure('free', () => this.release.free(target));
    await this.verify();
    await this.start(target);
    this.order.signal.throwIfAborted();
    const second = await this.loadOnce(target, lane);
    const foreignMib = this.parts.card.view?.foreign_mib ?? 0;
    if (second.placement === 'split' && foreignMib >= second.missingMib) {
      this.parts.card.mustHaveRoom(0, second.missingMib);
    }
    return second;
  }

  /** A lane that has been on the card before is not loaded half beside a stowaway: that would be ten times slower. */
  private mustFit(lane: Lane): void {
    const { card, sharing } = this.parts;
    const { view } = card;
    const needMib = sharing.needMib(lane);
    if (lane.engine !== 'ollama' || view === null || needMib === null) return;
    const freeMib = view.total_mib - (this.freedMib ?? view.used_mib);
    // Only where they are the reason: a model that is larger than the card is used as it is.
    if (freeMib + (view.foreign_mib ?? 0) >= needMib) card.mustHaveRoom(freeMib, needMib);
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
