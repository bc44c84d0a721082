import { readFileSync } from 'node:fs';
import type { Clock } from '@baton/kernel';
import { engineModel, type EngineModel } from '@baton/contracts';
import { z } from 'zod';
import { writeDurably } from '../durable-file.ts';

const FRESH_MS = 3_000;

/** What is loaded is true for the moment only, and not kept. */
const keptModel = engineModel.omit({ loaded_bytes: true });
const file = z.object({ version: z.literal(1), atMs: z.int(), models: z.array(keptModel) });

export interface ModelsParts {
  /** Where the engine listens; null when it does not run. */
  readonly url: () => string | null;
  readonly read: (url: string) => Promise<EngineModel[]>;
  /** Keeps the last list for times without an engine. */
  readonly path: string;
  readonly clock: Clock;
}

export interface ModelList {
  readonly source: 'live' | 'last_known';
  readonly at_ms: number;
  readonly models: EngineModel[];
}

/** The installed models. Starts nothing: while the engine does not run, the list is the last one it gave. */
export class ModelsService {
  private readonly parts: ModelsParts;
  private fresh: { readonly list: Promise<ModelList>; readonly atMs: number } | null = null;

  constructor(parts: ModelsParts) {
    this.parts = parts;
  }

  /** At most one question to the engine is under way, and its answer serves for some seconds. */
  list(): Promise<ModelList> {
    const { clock, url } = this.parts;
    const engineUrl = url();
    if (engineUrl === null) return Promise.resolve(this.lastKnown());
    if (this.fresh !== null && clock.monotonic() - this.fresh.atMs < FRESH_MS) return this.fresh.list;
    const list = this.live(engineUrl);
    this.fresh = { list, atMs: clock.monotonic() };
    return list;
  }

  /** Something has changed: the next who asks gets a new list. */
  forget(): void {
    this.fresh = null;
  }

  private async live(url: string): Promise<ModelList> {
    try {
      const models = await this.parts.read(url);
      const atMs = this.parts.clock.now();
      this.keep(JSON.stringify(file.parse({ version: 1, atMs, models })));
      return { source: 'live', at_ms: atMs, models };
    } catch {
      this.fresh = null;
      return this.lastKnown();
    }
  }

  /** For a time without the engine. That it cannot be kept says nothing against the list. */
  private keep(text: string): void {
    try {
      writeDurably(this.parts.path, text);
    } catch {
      // The next list is kept, when there is room again.
    }
  }

  private lastKnown(): ModelList {
    try {
      const { atMs, models } = file.parse(JSON.parse(readFileSync(this.parts.path, 'utf8')));
      return { source: 'last_known', at_ms: atMs, models };
    } catch {
      return { source: 'last_known', at_ms: 0, models: [] };
    }
  }
}
