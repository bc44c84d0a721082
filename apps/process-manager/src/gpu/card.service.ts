import { AppError, pause, type Clock } from '@baton/kernel';
import type { CardView, EngineName, Stowaway } from '@baton/contracts';
import { Listeners } from '../core/listeners.ts';
import { CardHistory, type CardSample } from './card-history.ts';
import type { CardProbe, CardReading } from './card-probe.ts';
import { isSameCompany, readForeignUse, type ForeignUse, type TellStrangers } from './foreign-use.ts';
import type { MemoryFloor } from './memory-floor.ts';

const POLL_MS = 15;
const SETTLE_TIMEOUT_MS = 10_000;
/** A desktop moves by as much. More is worth the slower look that tells theirs from ours. */
const FOREIGN_NOISE_MIB = 256;

export interface CardTimes {
  /** Between two looks while nothing happens. */
  readonly intervalMs: number;
  /** A card counts as free for the next engine only with this much of it free. */
  readonly minFreeMib: number;
}

export interface CardParts {
  /** Null on a machine without a card, and when nobody shall look at it. */
  readonly probe: CardProbe | null;
  readonly floor: MemoryFloor;
  readonly clock: Clock;
  readonly times: CardTimes;
  readonly tellStrangers: TellStrangers;
  /** Whose engine may be used now, for the history. */
  readonly owner: () => EngineName | null;
}

/** Watches the one card of this node. Without a probe there is no view, and nothing to verify by. */
export class CardService {
  private readonly parts: CardParts;
  private readonly changes = new Listeners<[CardView]>();
  private readonly visits = new Listeners<[readonly Stowaway[]]>();
  private readonly looks = new Listeners<[CardView]>();
  private readonly past = new CardHistory();
  private readonly closing = new AbortController();
  private readonly settling = new AbortController();
  private watching: Promise<unknown> = Promise.resolve();
  private latest: CardView | null = null;
  private foreign: ForeignUse | null = null;
  /** What other programs held when the floor was learned: it is part of the floor, and not taken off again. */
  private foreignInFloorMib: number | null = null;
  private highestMib = 0;

  constructor(parts: CardParts) {
    this.parts = parts;
  }

  /** The last reading; null without a card, or while its driver does not answer. */
  get view(): CardView | null {
    return this.latest;
  }

  /** Programs that use the card and are none of our engines', the largest first. Reported, never killed. */
  get stowaways(): readonly Stowaway[] {
    return this.foreign?.stowaways ?? [];
  }

  get canVerify(): boolean {
    return this.parts.probe !== null;
  }

  get history(): { every_ms: number; samples: CardSample[] } {
    return { every_ms: this.parts.times.intervalMs, samples: this.past.samples() };
  }

  /** The highest figure since `restartPeak`. */
  get peakMib(): number {
    return this.highestMib;
  }

  restartPeak(): void {
    this.highestMib = this.latest?.used_mib ?? 0;
  }

  /** What the card holds without our engines, as far as it was ever seen free; null before. */
  get emptyMib(): number | null {
    const { atMib } = this.parts.floor;
    return atMib === null ? null : atMib + this.foreignGrowthMib(this.foreign);
  }

  onChange(listener: (view: CardView) => void): () => void {
    return this.changes.add(listener);
  }

  /** Called with every look, changed or not. */
  onLook(listener: (view: CardView) => void): () => void {
    return this.looks.add(listener);
  }

  /** Called when another program begins or ends to use the card. */
  onStowaways(listener: (stowaways: readonly Stowaway[]) => void): () => void {
    return this.visits.add(listener);
  }

  /** Takes the first reading, of which `heldMib` is known to be ours and may be given back, and begins to watch. */
  async start(heldMib: number): Promise<void> {
    const { probe, floor, clock } = this.parts;
    if (probe === null) return;
    const reading = await this.look(probe);
    if (reading !== null) floor.learn(Math.max(0, reading.usedMib - heldMib), clock.monotonic());
    this.watching = Promise.all([this.watch(probe), this.watchForeign(probe)]);
  }

  /**
   * While nobody has had a turn and nothing is loaded: learns what the engines keep just for running, so that the first
   * swap need not wait for that to stand still. Ends at the first swap.
   */
  settle(): void {
    const { probe } = this.parts;
    if (probe === null || this.settling.signal.aborted) return;
    const settled = this.waitUntilFree(probe, SETTLE_TIMEOUT_MS, this.settling.signal).catch(() => undefined);
    this.watching = Promise.all([this.watching, settled]);
  }

  /** An engine's process ended. */
  forgetResidue(): void {
    this.parts.floor.forgetResidue();
  }

  /** A fresh reading; the last one when the driver does not answer. */
  async refresh(): Promise<CardView | null> {
    const { probe } = this.parts;
    if (probe === null) return null;
    await this.look(probe);
    return this.latest;
  }

  /**
   * Resolves when the driver says that the card is free again, with what is still in use then. `leftMib` of it may stay.
   *
   * @throws AppError `gpu.swap_failed` when it does not say so in time, or cannot be asked; `engine.out_of_memory` when our
   *   engines have let go and other programs leave less than the minimum
   */
  async untilFree(timeoutMs: number, signal: AbortSignal, leftMib = 0): Promise<number> {
    this.settling.abort();
    const { probe } = this.parts;
    if (probe === null) return 0;
    const { usedMib, totalMib } = await this.waitUntilFree(probe, timeoutMs, signal, leftMib);
    this.mustHaveRoom(totalMib - usedMib + leftMib, this.parts.times.minFreeMib);
    return usedMib;
  }

  /** @throws AppError `engine.out_of_memory` that names who is in the way */
  mustHaveRoom(freeMib: number, wantedMib: number): void {
    if (freeMib >= wantedMib) return;
    throw new AppError('engine.out_of_memory', {
      cause: 'the card is free of our engines, and too little of it is free',
      freeMib: Math.round(freeMib),
      wantedMib: Math.round(wantedMib),
      stowaways: this.stowaways.map(({ pid, name, used_mib }) => `${name} (${pid}): ${used_mib} MiB`),
    });
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.settling.abort();
    await this.parts.probe?.close();
    await this.watching;
  }

  private async waitUntilFree(
    probe: CardProbe,
    timeoutMs: number,
    signal: AbortSignal,
    leftMib = 0,
  ): Promise<CardReading> {
    const { clock, floor } = this.parts;
    const deadline = clock.monotonic() + timeoutMs;
    floor.restart();
    for (;;) {
      signal.throwIfAborted();
      const { reading, strangeMib } = await this.lookThrough(probe);
      const now = clock.monotonic();
      if (reading !== null) {
        const isFree =
          strangeMib + leftMib > 0
            ? floor.seemsFree(reading.usedMib - strangeMib - leftMib, now)
            : floor.isFree(reading.usedMib, now);
        if (isFree) return reading;
      }
      if (now > deadline) {
        throw new AppError('gpu.swap_failed', {
          cause: 'memory not free',
          usedMib: reading?.usedMib ?? null,
          foreignMib: this.foreign?.mib ?? null,
        });
      }
      await pause(clock, POLL_MS, signal);
    }
  }

  /**
   * A reading, and how much of it belongs to programs that came after the floor was learned. Their list is slower than the
   * reading: so it is taken before and after it, and the lesser figure counts. Memory of ours is never taken for theirs.
   */
  private async lookThrough(probe: CardProbe): Promise<{ reading: CardReading | null; strangeMib: number }> {
    if (this.foreignGrowthMib(this.foreign) === 0) return { reading: await this.look(probe), strangeMib: 0 };
    const before = await this.lookForeign(probe);
    const reading = await this.look(probe);
    const after = await this.lookForeign(probe);
    return { reading, strangeMib: Math.min(this.foreignGrowthMib(before), this.foreignGrowthMib(after)) };
  }

  private foreignGrowthMib(foreign: ForeignUse | null): number {
    if (foreign?.mib == null || this.foreignInFloorMib === null) return 0;
    const growthMib = foreign.mib - this.foreignInFloorMib;
    return growthMib < FOREIGN_NOISE_MIB ? 0 : growthMib;
  }

  private async watch(probe: CardProbe): Promise<void> {
    const { clock, times, floor, owner } = this.parts;
    while (!this.closing.signal.aborted) {
      const reading = await this.look(probe);
      const { latest } = this;
      if (reading !== null && latest !== null) {
        floor.learn(reading.usedMib, clock.monotonic());
        const { used_mib, total_mib, foreign_mib } = latest;
        this.past.add({ at_ms: clock.now(), used_mib, total_mib, foreign_mib, owner: owner() });
      }
      await pause(clock, times.intervalMs, this.closing.signal).catch(() => undefined);
    }
  }

  private async watchForeign(probe: CardProbe): Promise<void> {
    const { clock, times } = this.parts;
    while (!this.closing.signal.aborted) {
      await this.lookForeign(probe);
      await pause(clock, times.intervalMs, this.closing.signal).catch(() => undefined);
    }
  }

  private async lookForeign(probe: CardProbe): Promise<ForeignUse | null> {
    const before = this.stowaways;
    const foreign = await readForeignUse(probe, this.parts.tellStrangers).catch(() => null);
    if (this.closing.signal.aborted) return null;
    this.foreign = foreign;
    if (foreign?.mib != null) {
      // The first list speaks of what was there when we began. Of those, whoever leaves leaves the floor as well.
      const inFloorMib = this.foreignInFloorMib ?? foreign.mib;
      if (foreign.mib < inFloorMib) this.parts.floor.lower(inFloorMib - foreign.mib);
      this.foreignInFloorMib = Math.min(inFloorMib, foreign.mib);
    }
    if (!isSameCompany(before, this.stowaways)) this.visits.tell(this.stowaways);
    return foreign;
  }

  /** Null when the driver does not answer; the view says so too. */
  private async look(probe: CardProbe): Promise<CardReading | null> {
    let reading: CardReading;
    try {
      reading = await probe.read();
    } catch {
      this.latest = null;
      return null;
    }
    const view: CardView = {
      name: reading.name,
      total_mib: Math.round(reading.totalMib),
      used_mib: Math.round(reading.usedMib),
      foreign_mib: this.foreign?.mib ?? null,
      simulated: probe.isSimulated,
    };
    const before = this.latest;
    this.latest = view;
    this.highestMib = Math.max(this.highestMib, view.used_mib);
    if (
      before === null ||
      before.used_mib !== view.used_mib ||
      before.total_mib !== view.total_mib ||
      before.foreign_mib !== view.foreign_mib
    ) {
      this.changes.tell(view);
    }
    this.looks.tell(view);
    return reading;
  }
}
