/** Weight of the newest use: the estimate follows a change within a few uses, and one outlier moves it little. */
const NEWEST_WEIGHT = 0.2;

/** How long one kind of work takes on the GPU with each model, learned from our own. */
export class DurationEstimates {
  private readonly firstGuessMs: number;
  private readonly byModel = new Map<string, number>();

  /** @param firstGuessMs what it takes when none has been measured yet */
  constructor(firstGuessMs: number) {
    this.firstGuessMs = firstGuessMs;
  }

  of(model: string): number {
    return Math.max(1, Math.round(this.byModel.get(model) ?? this.firstGuessMs));
  }

  learn(model: string, ms: number): void {
    const known = this.byModel.get(model);
    this.byModel.set(model, known === undefined ? ms : known + NEWEST_WEIGHT * (ms - known));
  }
}
