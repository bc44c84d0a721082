import type { ModelServer } from '@baton/contracts';
import type { Clock } from '@baton/kernel';

/** Failures in a row after which a server is left alone. Three is what one unlucky reply may cause alone, and no fewer. */
const FAILURES_TO_OPEN = 3;
/** How long it is left alone: about what a restart and the load of a model take. */
const OPEN_MS = 20_000;

/** One piece of work that the breaker let through: it says how that went. */
export interface BreakerPass {
  /** It got an answer's beginning: nobody waits for the probe to end, and the next failure opens again. */
  readonly answering: () => void;
  readonly worked: () => void;
  readonly failed: () => void;
  /** It ended without telling anything about the server. */
  readonly left: () => void;
}

/**
 * Keeps work from a server that fails. Closed: everything passes. Open, after failures in a row: nothing does. Half-open,
 * after a while: one probe passes; when it works the breaker closes, when it fails it opens again.
 *
 * Why no library: see docs/decisions/2026-11-21-model-servers.md.
 */
export class Breaker {
  private readonly clock: Clock;
  private failuresInARow = 0;
  private openedAtMs: number | null = null;
  private isProbing = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get state(): ModelServer['breaker'] {
    if (this.openedAtMs === null) return 'closed';
    return this.clock.monotonic() - this.openedAtMs < OPEN_MS ? 'open' : 'half_open';
  }

  /** Whether `enter` would let somebody through. */
  get isPassable(): boolean {
    const { state } = this;
    return state === 'closed' || (state === 'half_open' && !this.isProbing);
  }

  /** Null: not now. */
  enter(): BreakerPass | null {
    if (!this.isPassable) return null;
    let isProbe = this.state === 'half_open';
    if (isProbe) this.isProbing = true;
    let isOver = false;
    const endProbe = (): void => {
      if (isProbe) this.isProbing = false;
      isProbe = false;
    };
    const once = (tell: () => void) => (): void => {
      if (isOver) return;
      isOver = true;
      tell();
      endProbe();
    };
    return {
      answering: () => {
        if (isOver || !isProbe) return;
        endProbe();
        this.openedAtMs = null;
        this.failuresInARow = FAILURES_TO_OPEN - 1;
      },
      worked: once(() => this.close()),
      failed: once(() => this.countFailure(isProbe)),
      left: once(() => undefined),
    };
  }

  private close(): void {
    this.failuresInARow = 0;
    this.openedAtMs = null;
  }

  private countFailure(wasProbe: boolean): void {
    this.failuresInARow += 1;
    // Work that was let through before the breaker opened does not hold it open for longer.
    const opens = this.openedAtMs === null && this.failuresInARow >= FAILURES_TO_OPEN;
    if (wasProbe || opens) this.openedAtMs = this.clock.monotonic();
  }
}
