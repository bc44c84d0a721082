/** A model server; the core knows the two by name because their visits are bounded by different rules. */
export type Engine = 'ollama' | 'comfyui';

/** What the GPU must be ready for. Equal keys are the same lane; what a key is made of is the caller's business. */
export interface Lane {
  readonly key: string;
  readonly engine: Engine;
}

export interface WaitingJob {
  readonly id: string;
  readonly lane: Lane;
  readonly userId: number;
  /** The submitter's guess of the time on the GPU, in ms. */
  readonly estimateMs: number;
  readonly submittedAtMs: number;
  /** Order of arrival at this scheduler; a closed gate is a number on this scale. */
  readonly seq: number;
}

/**
 * Who waits for one lane: a first-in-first-out list per user. Whose list is served next is decided by the time that the
 * user was last served, or, if that is longer ago, by when the job came: one person's flood does not block another
 * person's single job, and nobody can be overtaken for ever, because a waiting job's rank never gets worse.
 */
export class LaneQueue {
  readonly lane: Lane;
  /** Failed swaps to this lane in a row. */
  failures = 0;
  /** The lane is left alone until then. */
  retryAtMs = 0;
  private readonly byUser = new Map<number, WaitingJob[]>();
  private count = 0;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  get size(): number {
    return this.count;
  }

  *jobs(): Generator<WaitingJob, void, undefined> {
    for (const list of this.byUser.values()) yield* list;
  }

  /** Keeps each user's list in order of arrival, also when a job comes back after a grant that did not happen. */
  add(job: WaitingJob): void {
    const list = this.byUser.get(job.userId) ?? [];
    const after = list.findLastIndex((other) => other.seq < job.seq);
    list.splice(after + 1, 0, job);
    this.byUser.set(job.userId, list);
    this.count += 1;
  }

  remove(job: WaitingJob): void {
    const list = this.byUser.get(job.userId);
    const at = list?.indexOf(job) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) this.byUser.delete(job.userId);
    this.count -= 1;
  }

  /** The job to serve next among those that arrived up to `throughSeq`; null when there is none. */
  next(throughSeq: number, servedAtMs: ReadonlyMap<number, number>): WaitingJob | null {
    let best: WaitingJob | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const [userId, list] of this.byUser) {
      const head = list[0];
      if (head === undefined || head.seq > throughSeq) continue;
      const rank = Math.max(servedAtMs.get(userId) ?? 0, head.submittedAtMs);
      if (best === null || rank < bestRank || (rank === bestRank && head.seq < best.seq)) {
        best = head;
        bestRank = rank;
      }
    }
    return best;
  }

  /** Arrival number of the job that waits longest; infinite when nobody waits. */
  oldestSeq(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const list of this.byUser.values()) oldest = Math.min(oldest, list[0]?.seq ?? oldest);
    return oldest;
  }

  copy(): LaneQueue {
    const copy = new LaneQueue(this.lane);
    copy.failures = this.failures;
    copy.retryAtMs = this.retryAtMs;
    for (const [userId, list] of this.byUser) copy.byUser.set(userId, [...list]);
    copy.count = this.count;
    return copy;
  }
}
