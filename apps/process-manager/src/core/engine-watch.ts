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
  /** What no healthy engine shows is no passing state when it stands this long. */
  readonly stuckMs: number;
  /** An uncertain symptom may be long work that nobody of ours knows of: it has this long. */
  readonly uncertainMs: number;
}

export const WATCH_TIMES: EngineWatchTimes = {
  everyMs: 5_000,
  answerMs: 10_000,
  silences: 3,
  silencesAtWork: 20,
  stuckMs: 45_000,
  uncertainMs: 300_000,
};

export interface EngineWatchParts {
  /** Within the limit; true also while there is no running engine to ask. */
  readonly isAnswering: (limitMs: number) => Promise<boolean>;
  /** Null for an engine in good health, and for one that could not be asked. */
  readonly symptom: () => Promise<Symptom | null>;
  /** Whether it works for a lease, and may be slow for that. */
  readonly isWorking: () => boolean;
  /** Whether it has the GPU. What it does when it has not may be somebody's who uses it directly; the next swap sees to it. */
  readonly isOwner: () => boolean;
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
 *   3. a symptom: trouble once the same has stood for `stuckMs`, an uncertain one for `uncertainMs`, and that only while the
 *      engine has the GPU and works for no lease;
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
    const { symptom, isWorking, isOwner, isLeftAlone, clock } = this.parts;
    const found = await symptom().catch(() => null);
    const isOurs = found?.isCertain === true || (isOwner() && !isWorking());
    if (this.isClosed || isLeftAlone() || found === null || !isOurs) {
      this.forget();
      return;
    }
    const now = clock.monotonic();
    if (this.stuck?.what !== found.what) this.stuck = { what: found.what, sinceMs: now };
    else if (now - this.stuck.sinceMs >= (found.isCertain ? this.times.stuckMs : this.times.uncertainMs))
      await this.tell(found.what);
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
