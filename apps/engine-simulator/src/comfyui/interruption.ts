import { Interrupted } from './prompt.ts';

/** The one flag that `/interrupt` sets. It is looked at between steps and nodes, and reset when a prompt starts. */
export class Interruption {
  #isRequested = false;

  request(): void {
    this.#isRequested = true;
  }

  reset(): void {
    this.#isRequested = false;
  }

  /** Throws Interrupted, once, when somebody asked for it. */
  check(): void {
    if (!this.#isRequested) return;
    this.#isRequested = false;
    throw new Interrupted('interrupted');
  }
}
