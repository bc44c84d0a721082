import { CardOutOfMemory } from '../card/ledger.ts';
import type { CardClient } from '../card/card-client.ts';
import { PythonError, TorchOutOfMemory } from './prompt.ts';
import type { ComfyuiSettings } from './settings.ts';
import type { WorkTime } from './work-time.ts';

/** One model's weights. Two loads of the same file are the same weights to nobody: identity is by object. */
export interface Weights {
  readonly label: string;
  readonly bytes: number;
}

export function weights(label: string, bytes: number): Weights {
  return { label, bytes };
}

const MIB = 1_048_576;
const GIB = 1_073_741_824;
/** Labels on the card are bounded. */
const LABEL_LENGTH = 200;

export interface VramParts {
  readonly card: CardClient;
  readonly settings: ComfyuiSettings;
  readonly time: WorkTime;
  /** Extra milliseconds for the next move of weights; a fault sets them. */
  readonly extraLoadMs: () => number;
  /** Ends the process after this share of the next move of weights; null when no fault says so. */
  readonly crashShare: () => number | null;
  readonly crash: () => void;
}

type LoadListener = () => void;

/**
 * What this process holds on the card: weights, and the allocator's reserve for activations, which stays after use
 * until it is emptied. Only the worker calls it, one thing at a time.
 */
export class Vram {
  /** Called when a move of weights to the card begins. */
  onLoad: LoadListener = () => undefined;
  readonly #parts: VramParts;
  /** Least recently used first. */
  readonly #held = new Map<Weights, string>();
  /** Weights that were on the card before and are still in RAM. */
  readonly #inRam = new WeakSet<Weights>();
  #reserve: { readonly allocation: string; readonly bytes: number } | null = null;
  #scratchBytes = 0;
  #keptByPack: { readonly allocation: string; readonly bytes: number } | null = null;

  constructor(parts: VramParts) {
    this.#parts = parts;
  }

  get reservedBytes(): number {
    return (this.#reserve?.bytes ?? 0) + (this.#keptByPack?.bytes ?? 0);
  }

  get unusedReserveBytes(): number {
    return Math.max((this.#reserve?.bytes ?? 0) - this.#scratchBytes, 0);
  }

  /** Moves weights to the card, in silence. Makes room by detaching what else this process holds. */
  async hold(wanted: Weights): Promise<void> {
    const allocation = this.#held.get(wanted);
    if (allocation !== undefined) {
      this.#held.delete(wanted);
      this.#held.set(wanted, allocation);
      return;
    }
    if (wanted.bytes === 0) return;
    const { settings, time } = this.#parts;
    this.onLoad();
    const held = await this.#alloc(wanted.label, wanted.bytes, 'weights');
    this.#held.set(wanted, held);
    const pace = this.#inRam.has(wanted) ? settings.reloadMibPerSecond : settings.loadMibPerSecond;
    const loadMs = (wanted.bytes / MIB / pace) * 1_000 + this.#parts.extraLoadMs();
    const crashShare = this.#parts.crashShare();
    if (crashShare !== null) {
      await time.pass(loadMs * crashShare);
      this.#parts.crash();
    }
    await time.pass(loadMs);
    this.#inRam.add(wanted);
  }

  /** Runs `work` with memory for activations. */
  async withScratch<T>(label: string, bytes: number, work: () => Promise<T>): Promise<T> {
    if (bytes > (this.#reserve?.bytes ?? 0)) {
      await this.#emptyReserve();
      const allocation = await this.#alloc(label, bytes, 'scratch');
      this.#reserve = { allocation, bytes };
    }
    this.#scratchBytes = bytes;
    try {
      return await work();
    } finally {
      this.#scratchBytes = 0;
    }
  }

  /** Detaches every model and empties the reserve. The weights stay in RAM. */
  async unloadAll(): Promise<void> {
    for (const [held, allocation] of this.#held) {
      this.#held.delete(held);
      await this.#parts.card.free(allocation);
    }
    await this.#emptyReserve();
  }

  /** What a node pack took for itself: nothing here gives it back, only the end of the process. */
  async keepForPack(bytes: number): Promise<void> {
    if (this.#keptByPack !== null) return;
    const allocation = await this.#alloc('a node pack', bytes, 'scratch');
    this.#keptByPack = { allocation, bytes };
  }

  /** Gives the reserve back without touching the weights. */
  async #emptyReserve(): Promise<void> {
    const reserve = this.#reserve;
    this.#reserve = null;
    if (reserve !== null) await this.#parts.card.free(reserve.allocation);
  }

  /** Tries, empties the reserve, then detaches the least recently used weights one by one, and tries again. */
  async #alloc(label: string, bytes: number, kind: 'weights' | 'scratch'): Promise<string> {
    const { card } = this.#parts;
    for (;;) {
      try {
        return (await card.alloc(label.slice(0, LABEL_LENGTH), bytes, kind)).id;
      } catch (cause) {
        if (!(cause instanceof CardOutOfMemory))
          throw new PythonError('RuntimeError', 'CUDA error: unknown error');
        const [oldest] = this.#held;
        if (this.#reserve !== null && this.#scratchBytes === 0) await this.#emptyReserve();
        else if (oldest !== undefined) {
          this.#held.delete(oldest[0]);
          await card.free(oldest[1]);
        } else throw await this.#outOfMemory(bytes);
      }
    }
  }

  async #outOfMemory(bytes: number): Promise<TorchOutOfMemory> {
    const { totalBytes, freeBytes } = await this.#parts.card.usage();
    const gib = (count: number): string => `${(count / GIB).toFixed(2)} GiB`;
    return new TorchOutOfMemory(
      `CUDA out of memory. Tried to allocate ${gib(bytes)}. GPU 0 has a total capacity of ${gib(totalBytes)} ` +
        `of which ${gib(freeBytes)} is free.`,
    );
  }
}
