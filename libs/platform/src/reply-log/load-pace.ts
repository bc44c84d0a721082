/** A loop whose turns come closer together than this, on average, is busy. */
const BUSY_GAP_MS = 5;
/** How far apart the turns of a busy loop are: what comes in between goes along together. Nobody sees so short a time. */
const STEP_MS = 2;
/** Rarer than this is as calm as it gets; a burst of a few turns at the beginning of a reply is not yet busy. */
const CALM_GAP_MS = 100;
/** What one gap counts for in the average: some thirty quick turns make a calm loop a busy one. */
const WEIGHT = 0.1;

/**
 * Lets a loop turn at once while it has little to do, and in steps when it would otherwise turn for each single thing: a
 * turn costs a write, a wake-up and a read in two processes, whether it carries one thing or twenty.
 */
export class LoadPace {
  private meanGapMs = CALM_GAP_MS;
  private lastTurnMs = -CALM_GAP_MS;

  /** How long the turn that is due now should wait, milliseconds; mostly 0. */
  turn(nowMs: number): number {
    const gapMs = Math.min(CALM_GAP_MS, nowMs - this.lastTurnMs);
    this.meanGapMs += (gapMs - this.meanGapMs) * WEIGHT;
    const waitMs = this.meanGapMs < BUSY_GAP_MS ? Math.max(0, STEP_MS - gapMs) : 0;
    this.lastTurnMs = nowMs + waitMs;
    return waitMs;
  }
}
