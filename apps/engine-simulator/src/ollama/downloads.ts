import type { SimulatedClock } from '../clock.ts';
import { sha256 } from './models.ts';
import type { ModelSpec, ModelStore } from './models.ts';

const MIB = 1_024 * 1_024;

/** One file of a model, named by its content. */
export interface Layer {
  readonly digest: string;
  readonly total: number;
}

type Weights = Pick<ModelSpec, 'sizeBytes' | 'capabilities'> & { readonly blob: string };

/** What a model consists of, in the order in which it is pulled. The licence is the same text for all of them. */
export function layersOf({ blob, sizeBytes, capabilities }: Weights): Layer[] {
  const small = (what: string, total: number): Layer => ({ digest: sha256(`${what} of ${blob}`), total });
  return [
    { digest: blob, total: sizeBytes },
    ...(capabilities.includes('vision') ? [small('projector', 624_434_368)] : []),
    { digest: sha256('licence'), total: 11_356 },
    small('template', 1_482),
    small('configuration', 487),
  ];
}

/** A layer on its way: how far it is follows from the clock, so nothing has to run for it. */
interface Download {
  readonly startedMs: number;
  readonly startedAt: number;
  readonly bytesPerMs: number;
  followers: number;
}

/** Layers on their way to the simulated disk. What was fetched of one stays when nobody wants it any more just now. */
export class Downloads {
  readonly #clock: SimulatedClock;
  readonly #store: ModelStore;
  readonly #parts = new Map<string, number>();
  readonly #underWay = new Map<string, Download>();

  constructor(clock: SimulatedClock, store: ModelStore) {
    this.#clock = clock;
    this.#store = store;
  }

  isOnDisk({ digest, total }: Layer): boolean {
    if (this.#parts.get(digest) === total) return true;
    return this.#store.list().some((model) => layersOf(model).some((layer) => layer.digest === digest));
  }

  /**
   * Joins the download of this layer, or goes on with one that was left, and returns what is there already. The pace is
   * that of whoever began it.
   */
  join(layer: Layer, mibPerSecond: number): number {
    const { digest } = layer;
    const there = this.completed(layer);
    const download = this.#underWay.get(digest) ?? {
      startedMs: this.#clock.nowMs(),
      startedAt: there,
      bytesPerMs: (mibPerSecond * MIB) / 1_000,
      followers: 0,
    };
    download.followers += 1;
    this.#underWay.set(digest, download);
    return there;
  }

  completed({ digest, total }: Layer): number {
    const download = this.#underWay.get(digest);
    if (download === undefined) return this.#parts.get(digest) ?? 0;
    const { startedMs, startedAt, bytesPerMs } = download;
    return Math.min(total, Math.floor(startedAt + (this.#clock.nowMs() - startedMs) * bytesPerMs));
  }

  /** Whoever leaves last stops it; what is there is kept. */
  leave(layer: Layer): void {
    const download = this.#underWay.get(layer.digest);
    if (download === undefined) return;
    download.followers -= 1;
    if (download.followers > 0) return;
    this.#parts.set(layer.digest, this.completed(layer));
    this.#underWay.delete(layer.digest);
  }

  /** The layers belong to a model from now on: they are there as long as it is. */
  settle(layers: readonly Layer[]): void {
    for (const { digest } of layers) this.#parts.delete(digest);
  }
}
