import { AppError, pause, type Clock } from '@baton/kernel';
import type { CardView } from '@baton/contracts';
import { Listeners } from '../core/listeners.ts';
import type { CardProbe, CardReading } from './card-probe.ts';
import type { MemoryFloor } from './memory-floor.ts';

const WATCH_MS = 1_000;
const POLL_MS = 15;
const SETTLE_TIMEOUT_MS = 10_000;

/** Watches the one card of this node. Without a probe there is no view, and nothing to verify by. */
export class CardService {
  private readonly probe: CardProbe | null;
  private readonly floor: MemoryFloor;
  private readonly clock: Clock;
  private readonly changes = new Listeners<[CardView]>();
  private readonly closing = new AbortController();
  private readonly settling = new AbortController();
  private watching: Promise<unknown> = Promise.resolve();
  private latest: CardView | null = null;

  constructor(probe: CardProbe | null, floor: MemoryFloor, clock: Clock) {
    this.probe = probe;
    this.floor = floor;
    this.clock = clock;
  }

  /** The last reading; null without a card, or while its driver does not answer. */
  get view(): CardView | null {
    return this.latest;
  }

  get canVerify(): boolean {
    return this.probe !== null;
  }

  onChange(listener: (view: CardView) => void): () => void {
    return this.changes.add(listener);
  }

  /** Takes the first reading, of which `heldMib` is known to be ours and may be given back, and begins to watch. */
  async start(heldMib: number): Promise<void> {
    const { probe } = this;
    if (probe === null) return;
    const reading = await this.look(probe);
    if (reading !== null) this.floor.learn(Math.max(0, reading.usedMib - heldMib), this.clock.monotonic());
    this.watching = this.watch(probe);
  }

  /**
   * While nobody has had a turn and nothing is loaded: learns what the engines keep just for running, so that the first
   * swap need not wait for that to stand still. Ends at the first swap.
   */
  settle(): void {
    const { probe } = this;
    if (probe === null || this.settling.signal.aborted) return;
    const settled = this.waitUntilFree(probe, SETTLE_TIMEOUT_MS, this.settling.signal).catch(() => undefined);
    this.watching = Promise.all([this.watching, settled]);
  }

  /** An engine's process ended. */
  forgetResidue(): void {
    this.floor.forgetResidue();
  }

  /**
   * Resolves when the driver says that the card is free again.
   *
   * @throws AppError `gpu.swap_failed` when it does not say so in time, or cannot be asked
   */
  async untilFree(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.settling.abort();
    if (this.probe !== null) await this.waitUntilFree(this.probe, timeoutMs, signal);
  }

  private async waitUntilFree(probe: CardProbe, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = this.clock.monotonic() + timeoutMs;
    this.floor.restart();
    for (;;) {
      signal.throwIfAborted();
      const reading = await this.look(probe);
      const now = this.clock.monotonic();
      if (reading !== null && this.floor.isFree(reading.usedMib, now)) return;
      if (now > deadline) {
        throw new AppError('gpu.swap_failed', {
          cause: 'memory not free',
          usedMib: reading?.usedMib ?? null,
        });
      }
      await pause(this.clock, POLL_MS, signal);
    }
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.settling.abort();
    await this.watching;
    await this.probe?.close();
  }

  private async watch(probe: CardProbe): Promise<void> {
    while (!this.closing.signal.aborted) {
      const reading = await this.look(probe);
      if (reading !== null) this.floor.learn(reading.usedMib, this.clock.monotonic());
      await pause(this.clock, WATCH_MS, this.closing.signal).catch(() => undefined);
    }
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
      foreign_mib: null,
      simulated: probe.isSimulated,
    };
    const before = this.latest;
    this.latest = view;
    if (before === null || before.used_mib !== view.used_mib || before.total_mib !== view.total_mib) {
      this.changes.tell(view);
    }
    return reading;
  }
}
