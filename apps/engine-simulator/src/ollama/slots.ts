/** A first-come-first-served semaphore whose waiters can leave. */
export class Slots {
  #free: number;
  readonly #waiting: { admit: () => void }[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits without limit for a slot. Rejects with the signal's reason when it aborts first. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        admit: (): void => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next.admit();
    else this.#free += 1;
  }
}
