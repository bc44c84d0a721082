import { AppError, pause, type Clock } from '@baton/kernel';
import type { CardView, Lane } from '@baton/contracts';
import { withinTime } from '../core/within-time.ts';
import type { OllamaClient } from '../engines/ollama.client.ts';
import { sameModel } from '../engines/ollama-models.ts';
import type { CardService } from '../gpu/card.service.ts';
import type { NodeEngine } from '../node/node-engine.ts';
import type { SwapService } from './swap.service.ts';

export interface Unloaded {
  readonly state: 'done' | 'accepted';
  readonly was_loaded: boolean;
  /** By the word of the driver; of Ollama, where there is no driver to ask. */
  readonly freed_bytes: number;
  readonly took_ms: number;
}

export interface ModelUnloadParts {
  readonly engine: NodeEngine;
  readonly ollama: OllamaClient;
  readonly swaps: Pick<SwapService, 'isUsed' | 'letGo'>;
  readonly card: Pick<CardService, 'canVerify' | 'refresh'>;
  readonly clock: Clock;
  /** How long Ollama may take to let go of a model. */
  readonly freeMs: number;
  /** What is shown of models is out of date. */
  readonly onChange: () => void;
  /** For what nobody waits for: an unload that was accepted earlier. */
  readonly report: (model: string, unloaded: Unloaded | null, error: unknown) => void;
}

const MIB = 1_048_576;
/** The driver is up to 1.5 s late, and the last of a model's memory may go later than its process. */
const SETTLE_MS = 4_000;
const SETTLE_POLL_MS = 50;
/** So much of what a model held, seen to be free, shows that it is gone; other programs move the rest. */
const SHOWN_SHARE = 0.75;
/** A wish that could not be fulfilled for so long is forgotten: whoever had it has looked again by then. */
const WISH_MS = 600_000;

const ACCEPTED: Unloaded = { state: 'accepted', was_loaded: true, freed_bytes: 0, took_ms: 0 };

/** Takes single models from the card and the disk by hand. It asks and waits, and never kills anything. */
export class ModelUnloadService {
  private readonly parts: ModelUnloadParts;
  /** Models that are to go as soon as nobody uses them, and until when that is wanted. */
  private readonly wishes = new Map<string, number>();

  constructor(parts: ModelUnloadParts) {
    this.parts = parts;
  }

  /** @throws AppError `model.unknown`, `model.in_use`, `engine.unavailable`, `engine.stalled` */
  async unload(model: string): Promise<Unloaded> {
    const { swaps, clock } = this.parts;
    if (!swaps.isUsed(laneOf(model))) return this.takeFromCard(model);
    this.wishes.set(model, clock.monotonic() + WISH_MS);
    return ACCEPTED;
  }

  /** From the card, then from the disk. @throws AppError as `unload` */
  delete(model: string): Promise<Unloaded> {
    return this.takeFromCard(model, async (url) => {
      try {
        await this.parts.ollama.deleteModel(url, model);
      } finally {
        this.parts.onChange();
      }
    });
  }

  /** A lease has ended: what was wished for meanwhile may be possible now. */
  leaseOver(): void {
    const { swaps, clock, report } = this.parts;
    for (const [model, untilMs] of this.wishes) {
      const isOutdated = clock.monotonic() > untilMs;
      if (!isOutdated && swaps.isUsed(laneOf(model))) continue;
      this.wishes.delete(model);
      if (isOutdated) continue;
      this.takeFromCard(model).then(
        (unloaded) => report(model, unloaded, undefined),
        (error: unknown) => report(model, null, error),
      );
    }
  }

  private takeFromCard(model: string, then?: (url: string) => Promise<void>): Promise<Unloaded> {
    const { engine, ollama, swaps, card, clock, freeMs, onChange } = this.parts;
    const { url } = engine;
    if (url === null) return Promise.reject(new AppError('engine.unavailable', { engine: engine.name }));
    return swaps.letGo(laneOf(model), async (signal) => {
      const startedAt = clock.monotonic();
      const before = await card.refresh();
      const late = new AppError('engine.stalled', { engine: engine.name, model });
      const heldBytes = await withinTime({ clock, ms: freeMs, signal, late }, (limited) =>
        ollama.unloadModel(url, model, limited),
      ).finally(onChange);
      const freedBytes = await this.freed(before, heldBytes ?? 0, signal);
      await then?.(url);
      return {
        state: 'done',
        was_loaded: heldBytes !== null,
        freed_bytes: freedBytes,
        took_ms: Math.round(clock.monotonic() - startedAt),
      };
    });
  }

  /** Waits a moment for the driver to show that the memory is free. */
  private async freed(before: CardView | null, heldBytes: number, signal: AbortSignal): Promise<number> {
    const { card, clock } = this.parts;
    if (!card.canVerify || before === null || heldBytes === 0) return Math.round(heldBytes);
    const deadline = clock.monotonic() + SETTLE_MS;
    for (;;) {
      const view = await card.refresh();
      if (view === null) return Math.round(heldBytes);
      const freedBytes = Math.max(0, before.used_mib - view.used_mib) * MIB;
      if (freedBytes >= heldBytes * SHOWN_SHARE || clock.monotonic() > deadline) return freedBytes;
      await pause(clock, SETTLE_POLL_MS, signal);
    }
  }
}

function laneOf(model: string): (lane: Lane) => boolean {
  return (lane) => lane.engine === 'ollama' && sameModel(lane.model, model);
}
