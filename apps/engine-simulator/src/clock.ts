import { setTimeout as delay } from 'node:timers/promises';

/**
 * Simulated time. One simulated millisecond lasts `1 / speed` real ones, so a test may run a load of seconds in
 * an instant. Only the engine's work (loads, tokens, steps, the driver's lag) follows this clock; what a client
 * can compare with its own watch (`created_at`, keep-alive) stays wall time.
 */
export class SimulatedClock {
  #speed = 1;
  #simulatedAtBase = 0;
  #realAtBase = performance.now();

  get speed(): number {
    return this.#speed;
  }

  /** Keeps `nowMs` continuous; waits that have begun keep the pace they began with. */
  set speed(speed: number) {
    this.#simulatedAtBase = this.nowMs();
    this.#realAtBase = performance.now();
    this.#speed = speed;
  }

  /** Simulated milliseconds since the program began; fractions included. */
  nowMs(): number {
    return this.#simulatedAtBase + (performance.now() - this.#realAtBase) * this.#speed;
  }

  /** Rejects with the signal's reason when it aborts. Waits too short for a timer only yield to other work. */
  async sleep(simulatedMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const realMs = simulatedMs / this.#speed;
    if (realMs < 0.5) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      return;
    }
    try {
      await delay(realMs, undefined, signal ? { signal } : {});
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause;
    }
  }
}
