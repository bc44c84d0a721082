import type { Clock } from '@baton/kernel';

/** Something that only a broken engine shows, for as long as it shows the same. */
export interface Symptom {
  /** What stands still: the same words at the next look mean that nothing has moved since. */
  readonly what: string;
  /**
   * True for what no healthy engine ever shows. Else it may be long work of a lease, and counts only while there is no
   * such work.
   */
  readonly isCertain: boolean;
}

export interface EngineWatchTimes {
  /** Between two looks. */
  readonly everyMs: number;
  /** An engine under load may take seconds for the smallest question; that is not a crash. */
  readonly answerMs: number;
  /** So many silences in a row, and it hangs. */
  readonly silences: number;
  /** The same while it works for a lease: it may be slow to answer then, but not deaf for ever. */
  readonly silencesAtWork: number;
  /** A symptom that stands this long is no passing state. */
  readonly stuckMs: number;
}

export const WATCH_TIMES: EngineWatchTimes = {
  everyMs: 5_000,
  answerMs: 10_000,
  silences: 3,
  silencesAtWork: 20,
  stuckMs: 45_000,
};

export interface EngineWatchParts {
  /** Within the limit; true also while there is no running engine to ask. */
  readonly isAnswering: (limitMs: number) => Promise<boolean>;
  /** Null for an engine in good health, and for one that could not be asked. */
  readonly symptom: () => Promise<Symptom | null>;
  /** Whether it works for a lease, and may be slow for that. */
  readonly isWorking: () => boolean;
  /** Whether somebody else is at it just now: a swap frees and loads, and has time limits of its own. */
  readonly isLeftAlone: () => boolean;
  /** Told once for each trouble that was found; `why` is for the log. */
  readonly onTrouble: (why: string) => Promise<void>;
  readonly clock: Clock;
  readonly times?: Partial<EngineWatchTimes>;
}

/**
 * Notices an engine that lives and does nothing any more. At each look, in this order:
 *   1. left alone: what was counted before is forgotten;
 *   2. silent: `silences` in a row are trouble, `silencesAtWork` while it works for a lease;
 *   3. a symptom: trouble once the same has stood for `stuckMs` (uncertain ones only while nothing works for a lease);
 *   4. else it is well.
 */
export class EngineWatch {
  private readonly parts: EngineWatchParts;
  private readonly times: EngineWatchTimes;
  private silences = 0;
  private stuck: { readonly what: string; readonly sinceMs: number } | null = null;
  private cancel: () => void = () => undefined;
  private looking: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(parts: EngineWatchParts) {
    this.parts = parts;
    this.times = { ...WATCH_TIMES, ...parts.times };
  }

  start(): void {
    if (this.isClosed) return;
    this.cancel = this.parts.clock.after(this.times.everyMs, () => {
      this.looking = this.look().finally(() => this.start());
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancel();
    await this.looking;
  }

  private async look(): Promise<void> {
    const { isLeftAlone, isAnswering, isWorking } = this.parts;
    if (isLeftAlone()) {
      this.forget();
      return;
    }
    const answers = await isAnswering(this.times.answerMs);
    if (this.isClosed || isLeftAlone()) {
      this.forget();
      return;
    }
    if (!answers) {
      this.stuck = null;
      this.silences += 1;
      const enough = isWorking() ? this.times.silencesAtWork : this.times.silences;
      if (this.silences >= enough) await this.tell('does not answer');
      return;
    }
    this.silences = 0;
    await this.lookForSymptom();
  }

  private async lookForSymptom(): Promise<void> {
    const { symptom, isWorking, isLeftAlone, clock } = this.parts;
    const found = await symptom().catch(() => null);
    if (this.isClosed || isLeftAlone() || found === null || (!found.isCertain && isWorking())) {
      this.forget();
      return;
    }
    const now = clock.monotonic();
    if (this.stuck?.what !== found.what) this.stuck = { what: found.what, sinceMs: now };
    else if (now - this.stuck.sinceMs >= this.times.stuckMs) await this.tell(found.what);
  }

  private async tell(why: string): Promise<void> {
    this.forget();
    await this.parts.onTrouble(why).catch(() => undefined);
  }

  private forget(): void {
    this.silences = 0;
    this.stuck = null;
  }
}
