import type { WaitingJob } from './lane-queue.ts';
import type { Ranked } from './rank-tree.ts';

/** Served places at the front are given back in one go, when there are more of them than jobs. */
const MIN_GIVEN_BACK = 32;

/** One user's jobs in one lane, in order of arrival. */
export class UserLine {
  readonly userId: number;
  /** GPU time on the user's account, as the lane's tree knows it. */
  virtual: number;
  /** When the user was last served from this line. */
  servedAtMs = 0;
  /** The line's place in the lane's tree; null while it has none. */
  ranked: Ranked | null = null;
  private list: WaitingJob[] = [];
  private from = 0;
  private guessMs = 0;

  constructor(userId: number, virtual: number) {
    this.userId = userId;
    this.virtual = virtual;
  }

  get first(): WaitingJob | null {
    return this.list[this.from] ?? null;
  }

  get size(): number {
    return this.list.length - this.from;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  get workMs(): number {
    return this.guessMs;
  }

  *jobs(): Generator<WaitingJob, void, undefined> {
    for (let at = this.from; at < this.list.length; at += 1) {
      const job = this.list[at];
      if (job !== undefined) yield job;
    }
  }

  /** Nearly always at the end; a job that comes back after a grant that did not happen gets its old place. */
  add(job: WaitingJob): void {
    this.guessMs += job.estimateMs;
    const at = this.placeOf(job.seq);
    if (at === this.list.length) this.list.push(job);
    else if (at === this.from && this.from > 0) {
      this.from -= 1;
      this.list[this.from] = job;
    } else this.list.splice(at, 0, job);
  }

  remove(job: WaitingJob): boolean {
    const at = this.placeOf(job.seq);
    if (this.list[at]?.id !== job.id) return false;
    this.guessMs -= job.estimateMs;
    if (at !== this.from) this.list.splice(at, 1);
    else {
      this.from += 1;
      if (this.from > MIN_GIVEN_BACK && this.from > this.list.length / 2) {
        this.list = this.list.slice(this.from);
        this.from = 0;
      }
    }
    return true;
  }

  copy(): UserLine {
    const copy = new UserLine(this.userId, this.virtual);
    copy.servedAtMs = this.servedAtMs;
    copy.ranked = this.ranked;
    copy.list = this.list.slice(this.from);
    copy.guessMs = this.guessMs;
    return copy;
  }

  /** Index of the first job that did not arrive before `seq`. */
  private placeOf(seq: number): number {
    let low = this.from;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const job = this.list[middle];
      if (job !== undefined && job.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
