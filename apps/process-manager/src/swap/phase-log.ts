import type { Clock } from '@baton/kernel';
import { swapPhase, type SwapPhase, type SwapRecord } from '@baton/contracts';
import type { SwapDeeds } from './swap-run.ts';

/** Times the phases of one swap. A phase that comes twice (a second load, say) adds up in one entry. */
export class PhaseLog {
  private readonly clock: Clock;
  private readonly onPhase: (phase: SwapPhase) => void;
  private readonly startedAt: number;
  private readonly spent = new Map<SwapPhase, number>();
  private current: SwapPhase;

  constructor(clock: Clock, first: SwapPhase, onPhase: (phase: SwapPhase) => void) {
    this.clock = clock;
    this.onPhase = onPhase;
    this.current = first;
    this.startedAt = clock.monotonic();
  }

  /** The phase under way, or the next one to come. */
  get phase(): SwapPhase {
    return this.current;
  }

  async measure<T>(phase: SwapPhase, work: () => Promise<T>): Promise<T> {
    this.current = phase;
    this.onPhase(phase);
    const from = this.clock.monotonic();
    try {
      return await work();
    } finally {
      this.spent.set(phase, (this.spent.get(phase) ?? 0) + this.clock.monotonic() - from);
    }
  }

  record(swap: Pick<SwapRecord, 'id' | 'from' | 'to'>, deeds: SwapDeeds): SwapRecord {
    const { beforeMib, freedMib, stopped, beside } = deeds;
    return {
      ...swap,
      phases: swapPhase.options
        .filter((phase) => this.spent.has(phase))
        .map((phase) => ({ phase, ms: Math.round(this.spent.get(phase) ?? 0) })),
      total_ms: Math.round(this.clock.monotonic() - this.startedAt),
      ...(beforeMib === null ? {} : { before_mib: beforeMib }),
      ...(freedMib === null ? {} : { freed_mib: freedMib }),
      ...(stopped.length === 0 ? {} : { stopped: [...stopped] }),
      ...(beside.length === 0 ? {} : { kept: beside.map(({ engine }) => engine) }),
    };
  }
}
