/** What an answer takes on the GPU when none has been measured yet. */
const FIRST_GUESS_MS = 8_000;
/** Weight of the newest answer: the estimate follows a change within a few answers, and one outlier moves it little. */
const NEWEST_WEIGHT = 0.2;

/** How long answers of each model take on the GPU, learned from our own. */
export class DurationEstimates {
  private readonly byModel = new Map<string, number>();

  of(model: string): number {
    return Math.max(1, Math.round(this.byModel.get(model) ?? FIRST_GUESS_MS));
  }

  learn(model: string, ms: number): void {
    const known = this.byModel.get(model);
    this.byModel.set(model, known === undefined ? ms : known + NEWEST_WEIGHT * (ms - known));
  }
}
