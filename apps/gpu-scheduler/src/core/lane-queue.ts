import { LayeredMap } from './layered-map.ts';
import {
  firstArrived,
  insertRanked,
  leastServed,
  longestWaiting,
  removeRanked,
  smallestSeq,
  type Ranked,
  type RankTree,
} from './rank-tree.ts';
import { UserLine } from './user-line.ts';

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
  /** What kind of work it is: times are learned for each kind of a lane by itself. */
  readonly kind?: string;
  /** How much work, in units of its kind (an image: steps times megapixels); better than the submitter's guess. */
  readonly workUnits?: number;
  /** Absent: somebody waits for it. What the other two are held to is in `urgency.ts`. */
  readonly urgency?: 'background' | 'chore';
  /** Background work that has waited so long that it counts as somebody's who waits for it. */
  readonly isAged?: true;
  readonly submittedAtMs: number;
  /** Order of arrival at this scheduler; a closed gate is a number on this scale. */
  readonly seq: number;
}

export interface NextWanted {
  /** Only those who had arrived by then. */
  readonly throughSeq: number;
  /** Who has been passed over since before this time goes first. */
  readonly agedBeforeMs: number;
  /** Users who hold as many leases as they may. */
  readonly without: readonly number[];
}

export interface NextJob {
  readonly job: WaitingJob;
  readonly isAged: boolean;
}

/**
 * Who waits for one lane: a first-in-first-out line per user, and the users in order of how much GPU time they have had.
 * Every operation costs the logarithm of the number of users, whatever number of jobs wait.
 */
export class LaneQueue {
  readonly lane: Lane;
  /** Failed swaps to this lane in a row. */
  failures = 0;
  /** The lane is left alone until then. */
  retryAtMs = 0;
  /** Who comes next when it was last left, as an arrival number. */
  visitedAtSeq = 0;
  private readonly lines: LayeredMap<number, UserLine>;
  private users: RankTree = null;
  private count = 0;
  private guessMs = 0;

  constructor(lane: Lane, lines = new LayeredMap<number, UserLine>()) {
    this.lane = lane;
    this.lines = lines;
  }

  get size(): number {
    return this.count;
  }

  get userCount(): number {
    return this.lines.size;
  }

  /** The submitters' guesses of all who wait, together. */
  get waitingWorkMs(): number {
    return this.guessMs;
  }

  /** The same for one user. */
  workOfMs(userId: number): number {
    return this.lines.get(userId)?.workMs ?? 0;
  }

  countOf(userId: number): number {
    return this.lines.get(userId)?.size ?? 0;
  }

  *jobs(): Generator<WaitingJob, void, undefined> {
    for (const line of this.lines.values()) yield* line.jobs();
  }

  add(job: WaitingJob, virtual: number): void {
    const line = this.ownLine(job.userId) ?? new UserLine(job.userId, virtual);
    if (line.isEmpty) this.lines.set(job.userId, line);
    this.change(line, () => line.add(job));
    this.count += 1;
    this.guessMs += job.estimateMs;
  }

  /** False when it is not here. */
  remove(job: WaitingJob): boolean {
    const line = this.ownLine(job.userId);
    if (line === undefined) return false;
    if (!this.change(line, () => line.remove(job))) return false;
    this.count -= 1;
    this.guessMs -= job.estimateMs;
    return true;
  }

  /** What the user has had has changed. */
  rerank(userId: number, virtual: number): void {
    const line = this.ownLine(userId);
    if (line !== undefined && line.virtual !== virtual) this.change(line, () => (line.virtual = virtual));
  }

  /** The user is being served here now: from now on the rest of the line waits anew. */
  served(userId: number, nowMs: number): void {
    const line = this.ownLine(userId);
    if (line !== undefined) this.change(line, () => (line.servedAtMs = nowMs));
  }

  /** When the user was last served from here while more of theirs waited; 0 for never. */
  servedAtMs(userId: number): number {
    return this.lines.get(userId)?.servedAtMs ?? 0;
  }

  /** The job to serve next; null when there is none. */
  next({ throughSeq, agedBeforeMs, without }: NextWanted): NextJob | null {
    let users = this.users;
    for (const userId of without) {
      const ranked = this.lines.get(userId)?.ranked;
      if (ranked !== undefined && ranked !== null) users = removeRanked(users, ranked);
    }
    if (users === null) return null;
    const fair = leastServed(users, throughSeq);
    if (users.minSinceMs < agedBeforeMs) {
      const aged = longestWaiting(users);
      if (aged !== null && aged.seq <= throughSeq) return this.firstOf(aged, aged.userId !== fair?.userId);
    }
    return fair === null ? null : this.firstOf(fair, false);
  }

  /** The job that arrived first; null when nobody waits. */
  oldest(): WaitingJob | null {
    const first = firstArrived(this.users);
    return first === null ? null : (this.lines.get(first.userId)?.first ?? null);
  }

  /** Its arrival number; infinite when nobody waits. */
  oldestSeq(): number {
    return smallestSeq(this.users);
  }

  /** What the least served of those who wait has had; null when nobody waits. */
  leastVirtual(): number | null {
    return leastServed(this.users, Number.POSITIVE_INFINITY)?.virtual ?? null;
  }

  copy(): LaneQueue {
    const copy = new LaneQueue(this.lane, new LayeredMap(this.lines));
    copy.failures = this.failures;
    copy.retryAtMs = this.retryAtMs;
    copy.visitedAtSeq = this.visitedAtSeq;
    copy.users = this.users;
    copy.count = this.count;
    copy.guessMs = this.guessMs;
    return copy;
  }

  private firstOf({ userId }: Ranked, isAged: boolean): NextJob | null {
    const job = this.lines.get(userId)?.first ?? null;
    return job === null ? null : { job, isAged };
  }

  /** A line that may be changed: in a copy that is a copy of the line. */
  private ownLine(userId: number): UserLine | undefined {
    const line = this.lines.get(userId);
    if (line === undefined || this.lines.isOwn(userId)) return line;
    const copy = line.copy();
    this.lines.set(userId, copy);
    return copy;
  }

  /** The tree is touched only when the user's place in it has changed. */
  private change<Result>(line: UserLine, how: () => Result): Result {
    const before = line.ranked;
    const result = how();
    const { first } = line;
    const sinceMs = first === null ? 0 : Math.max(first.submittedAtMs, line.servedAtMs);
    if (
      before !== null &&
      before.seq === first?.seq &&
      before.virtual === line.virtual &&
      before.sinceMs === sinceMs
    ) {
      return result;
    }
    if (before !== null) this.users = removeRanked(this.users, before);
    line.ranked = null;
    if (first === null) {
      this.lines.delete(line.userId);
      return result;
    }
    line.ranked = { userId: line.userId, virtual: line.virtual, seq: first.seq, sinceMs };
    this.users = insertRanked(this.users, line.ranked);
    return result;
  }
}
