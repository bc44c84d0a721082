import type { Lane } from '../core/lane-queue.ts';
import type { SimJob } from './job.ts';
import type { Order, Policy, PolicyKind, PolicyOptions } from './policy.ts';

/** What a simple rule sees when it is asked. */
export interface Books {
  readonly nowMs: number;
  /** In order of arrival. */
  readonly waiting: readonly SimJob[];
  /** Whose turn it is: resident, or being made so. */
  readonly resident: Lane | null;
  readonly running: number;
  /** Whether the resident lane can take another job now. */
  readonly hasPlace: boolean;
}

/** The next order, or null to wait. Asked again after each order until it says null. */
export interface Rule {
  next(books: Books): Order | null;
  wakeAtMs?(nowMs: number): number | null;
}

/** Strictly in order of arrival; neighbours in the queue of the same lane share the card. */
export const fifo: PolicyKind = {
  name: 'fifo',
  create: (options) => new RulePolicy(options, { next: inOrder }),
};

/** Images before chats, whatever that costs; among equals in order of arrival. */
export const strict: PolicyKind = {
  name: 'strict',
  create: (options) =>
    new RulePolicy(options, {
      next: (books) => serve(books, books.waiting.find(isImage) ?? books.waiting[0]),
    }),
};

/** Whatever the resident engine can serve comes first; when it has nothing left, the oldest job of the others. */
export const hotFirst: PolicyKind = {
  name: 'hot-first',
  create: (options) =>
    new RulePolicy(options, {
      next: (books) =>
        serve(books, books.waiting.find(({ lane }) => lane.key === books.resident?.key) ?? books.waiting[0]),
    }),
};

function inOrder(books: Books): Order | null {
  return serve(books, books.waiting[0]);
}

function isImage({ lane }: SimJob): boolean {
  return lane.engine === 'comfyui';
}

/** Does what brings this job nearer to its service: grant it, wait for a place, or swap once nobody runs. */
export function serve(books: Books, job: SimJob | undefined): Order | null {
  if (job === undefined) return null;
  if (books.resident?.key === job.lane.key) return books.hasPlace ? { do: 'grant', job } : null;
  return books.running === 0 ? { do: 'swap', to: job.lane } : null;
}

/** Keeps the books for a rule and asks it after everything that happens. */
export class RulePolicy implements Policy {
  private readonly rule: Rule;
  private readonly slots: number;
  private readonly waiting: SimJob[] = [];
  private resident: Lane | null;
  private running = 0;
  private isSwapping = false;

  constructor({ slots, resident }: PolicyOptions, rule: Rule) {
    this.rule = rule;
    this.slots = slots;
    this.resident = resident;
  }

  onArrival(job: SimJob, nowMs: number): readonly Order[] {
    this.waiting.push(job);
    return this.ask(nowMs);
  }

  onFinished(_job: SimJob, nowMs: number): readonly Order[] {
    this.running -= 1;
    return this.ask(nowMs);
  }

  onSwapEnded(to: Lane | null, _tookMs: number, nowMs: number): readonly Order[] {
    this.isSwapping = false;
    this.resident = to;
    return this.ask(nowMs);
  }

  onWake(nowMs: number): readonly Order[] {
    return this.ask(nowMs);
  }

  wakeAtMs(nowMs: number): number | null {
    return this.rule.wakeAtMs?.(nowMs) ?? null;
  }

  expectation(): null {
    return null;
  }

  private ask(nowMs: number): readonly Order[] {
    const orders: Order[] = [];
    while (!this.isSwapping) {
      const order = this.rule.next(this.books(nowMs));
      if (order === null) break;
      orders.push(order);
      this.note(order);
    }
    return orders;
  }

  private books(nowMs: number): Books {
    const places = this.resident?.engine === 'comfyui' ? 1 : this.slots;
    return {
      nowMs,
      waiting: this.waiting,
      resident: this.resident,
      running: this.running,
      hasPlace: this.running < places,
    };
  }

  private note(order: Order): void {
    if (order.do === 'swap') {
      this.isSwapping = true;
      this.resident = order.to;
      return;
    }
    this.waiting.splice(this.waiting.indexOf(order.job), 1);
    if (order.do === 'grant') this.running += 1;
  }
}
