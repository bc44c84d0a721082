import type { SimulatedClock } from '../clock.ts';

/**
 * Time as the worker spends it. A sleep counts as at least what was asked for, although a timer may fire a little
 * early: what depends on the distance of two events (throttling) is then the same at every speed.
 */
export class WorkTime {
  readonly #clock: SimulatedClock;
  readonly #signal: AbortSignal;
  #nowMs = 0;

  constructor(clock: SimulatedClock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  nowMs(): number {
    this.#nowMs = Math.max(this.#nowMs, this.#clock.nowMs());
    return this.#nowMs;
  }

  /** Rejects when the program ends; an interrupt is not noticed here, as in real work. */
  async pass(simulatedMs: number): Promise<void> {
    const until = this.nowMs() + simulatedMs;
    await this.#clock.sleep(simulatedMs, this.#signal);
    this.#nowMs = Math.max(until, this.#clock.nowMs());
  }
}
