import { Heap } from './heap.ts';
import type { Prompt } from './prompt.ts';

/** What `/queue` and `/history` show of a prompt: number, id, graph, extra data, ids of the output nodes. */
export type QueueItem = readonly [number, string, Prompt, Record<string, unknown>, readonly string[]];

export interface SavedFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
  readonly [extra: string]: unknown;
}

export interface NodeUi {
  readonly images: readonly SavedFile[];
}

export type Message = readonly [string, Record<string, unknown>];

export interface HistoryEntry {
  readonly prompt: QueueItem;
  readonly outputs: Record<string, NodeUi>;
  readonly status: {
    readonly status_str: 'success' | 'error';
    readonly completed: boolean;
    readonly messages: readonly Message[];
  };
  readonly meta: Record<string, unknown>;
}

export type FinishedRun = Omit<HistoryEntry, 'prompt'>;

const MAX_HISTORY = 10_000;

/** The queue, what runs, and what has run. In memory only: a restart forgets it, as the real server does. */
export class PromptQueue {
  /** Called on every change that clients are told of. */
  onChange: () => void = () => undefined;
  readonly #pending = new Heap<QueueItem>(isBefore);
  readonly #history = new Map<string, HistoryEntry>();
  #running: QueueItem | null = null;
  #flags = { unloadModels: false, freeMemory: false };
  #wake: (() => void) | null = null;

  get running(): QueueItem | null {
    return this.#running;
  }

  /** In heap order, which is not the order of execution. */
  get pending(): readonly QueueItem[] {
    return this.#pending.items;
  }

  get remaining(): number {
    return this.#pending.items.length + (this.#running === null ? 0 : 1);
  }

  /** Throws TypeError when an entry with the same number and id is met. */
  put(item: QueueItem): void {
    this.#pending.push(item);
    this.onChange();
    this.#wakeWorker();
  }

  /** The next prompt, or null when the flags were set meanwhile. Rejects when the signal aborts. */
  async take(signal: AbortSignal): Promise<QueueItem | null> {
    signal.throwIfAborted();
    if (this.#pending.items.length === 0 && !this.#flags.unloadModels && !this.#flags.freeMemory) {
      await this.#untilWoken(signal);
    }
    const item = this.#pending.pop();
    if (item === undefined) return null;
    this.#running = item;
    this.onChange();
    return item;
  }

  finish(item: QueueItem, run: FinishedRun): void {
    this.#running = null;
    this.#history.delete(item[1]);
    this.#history.set(item[1], { prompt: item, ...run });
    const oldest = this.#history.keys().next();
    if (this.#history.size > MAX_HISTORY && !oldest.done) this.#history.delete(oldest.value);
    this.onChange();
  }

  clearPending(): void {
    this.#pending.clear();
    this.onChange();
  }

  deletePending(id: string): boolean {
    const isDeleted = this.#pending.remove((item) => item[1] === id);
    if (isDeleted) this.onChange();
    return isDeleted;
  }

  setFlags(flags: { unloadModels: boolean; freeMemory: boolean }): void {
    if (flags.unloadModels) this.#flags.unloadModels = true;
    if (flags.freeMemory) this.#flags.freeMemory = true;
    if (flags.unloadModels || flags.freeMemory) this.#wakeWorker();
  }

  takeFlags(): { unloadModels: boolean; freeMemory: boolean } {
    const flags = this.#flags;
    this.#flags = { unloadModels: false, freeMemory: false };
    return { unloadModels: flags.unloadModels || flags.freeMemory, freeMemory: flags.freeMemory };
  }

  history(id: string): HistoryEntry | undefined {
    return this.#history.get(id);
  }

  /** Oldest first; a maximum without an offset means the newest ones. */
  historyPage(maxItems: number | null, offset: number): Record<string, HistoryEntry> {
    const entries = [...this.#history];
    const from = offset < 0 && maxItems !== null ? entries.length - maxItems : offset;
    const page = entries.filter((_, index) => index >= from);
    return Object.fromEntries(maxItems === null ? page : page.slice(0, maxItems));
  }

  allHistory(): IterableIterator<HistoryEntry> {
    return this.#history.values();
  }

  clearHistory(): void {
    this.#history.clear();
  }

  deleteHistory(id: string): void {
    this.#history.delete(id);
  }

  #wakeWorker(): void {
    this.#wake?.();
  }

  async #untilWoken(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        signal.removeEventListener('abort', onAbort);
        this.#wake = null;
        resolve();
      };
    });
  }
}

/** Entries are compared as Python compares tuples: number, id, and then graphs, which cannot be compared. */
function isBefore(a: QueueItem, b: QueueItem): boolean {
  if (a[0] !== b[0]) return a[0] < b[0];
  if (a[1] !== b[1]) return a[1] < b[1];
  throw new TypeError("'<' not supported between instances of 'dict' and 'dict'");
}
