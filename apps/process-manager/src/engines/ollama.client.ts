import { AppError, pause, type Clock } from '@baton/kernel';
import { ollamaLoadOptions, type EngineModel, type Lane } from '@baton/contracts';
import { z } from 'zod';
import type { EngineHttp } from './engine-http.ts';
import { LOAD_UNKNOWN, type EngineSoftware, type LoadResult } from './engine-software.ts';
import { isCloudName, modelDetails, tagged } from './ollama-models.ts';

export interface OllamaSettings {
  readonly contextLength: number;
  /** As Ollama takes it: `30m`, `-1`, seconds. Sent with every load, since an absent one keeps the earlier value. */
  readonly keepAlive: string | number;
}

/** `/api/ps` takes locks inside Ollama and may stall for seconds while a model goes: that is not a crash. */
const CALL_TIMEOUT_MS = 15_000;
const POLL_MS = 15;
/** An empty list may be followed by a model whose load was under way: one look is no proof. */
const EMPTY_LOOKS = 2;
/** An unload that was lost (the model was still loading) is asked for again after this long. */
const ASK_AGAIN_MS = 1_000;

/** Known by its text only: the status is 500, as for everything else that goes wrong in a load. */
const OUT_OF_MEMORY = /out[ -]of[ -]memory|cudaMalloc failed|requires more (system|gpu) memory/i;

const psReply = z.object({
  models: z
    .array(z.object({ name: z.string(), size: z.number().default(0), size_vram: z.number().default(0) }))
    .nullable()
    .transform((models) => models ?? []),
});
type LoadedModel = z.infer<typeof psReply>['models'][number];

/** Ollama: a model is in memory or not, and only `/api/ps` says which; answers to load and unload are intentions. */
export class OllamaClient implements EngineSoftware {
  readonly engine = 'ollama';
  readonly hasWorkers = true;
  private readonly http: EngineHttp;
  private readonly clock: Clock;
  private readonly settings: OllamaSettings;

  constructor(http: EngineHttp, clock: Clock, settings: OllamaSettings) {
    this.http = http;
    this.clock = clock;
    this.settings = settings;
  }

  async answers(url: string, signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.http.send('GET', `${url}/`, undefined, signal)).status === 200;
    } catch {
      return false;
    }
  }

  async loadedModels(url: string, signal: AbortSignal): Promise<string[]> {
    return (await this.ps(url, signal)).map(({ name }) => name);
  }

  async isHolding(url: string, keep: Lane | null, signal: AbortSignal): Promise<boolean> {
    const kept = keep?.engine === 'ollama' ? tagged(keep.model) : null;
    return (await this.ps(url, signal)).some(({ name }) => tagged(name) !== kept);
  }

  async heldMib(url: string, signal: AbortSignal): Promise<number> {
    const bytes = (await this.ps(url, signal)).reduce((sum, { size_vram }) => sum + size_vram, 0);
    return Math.round(bytes / 1_048_576);
  }

  async free(url: string, signal: AbortSignal): Promise<void> {
    let emptyLooks = 0;
    const askedAt = new Map<string, number>();
    for (;;) {
      const loaded = await this.ps(url, signal);
      emptyLooks = loaded.length === 0 ? emptyLooks + 1 : 0;
      if (emptyLooks >= EMPTY_LOOKS) return;
      for (const { name } of loaded) {
        const now = this.clock.monotonic();
        if (now - (askedAt.get(name) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) continue;
        askedAt.set(name, now);
        await this.unload(url, name, signal);
      }
      await pause(this.clock, POLL_MS, signal);
    }
  }

  async load(url: string, lane: Lane, signal: AbortSignal): Promise<LoadResult> {
    if (lane.engine !== 'ollama') throw new AppError('engine.unknown', { engine: lane.engine });
    // Such a name is sent to a cloud: nothing of it would ever be on this card.
    if (isCloudName(lane.model)) throw new AppError('model.unknown', { model: lane.model });
    await this.preload(url, lane.model, signal);
    return this.placement(url, lane.model, signal);
  }

  /** It keeps no history: who asked has the answer, and the guard has seen it. */
  ranOutOfMemory(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** What is installed, whether loaded or not. */
  async models(url: string): Promise<EngineModel[]> {
    return modelDetails(this.http, url, AbortSignal.timeout(CALL_TIMEOUT_MS));
  }

  private async preload(url: string, model: string, signal: AbortSignal): Promise<void> {
    const body = {
      model,
      stream: false,
      keep_alive: this.settings.keepAlive,
      options: ollamaLoadOptions(this.settings.contextLength),
    };
    let answer = await this.http.send('POST', `${url}/api/generate`, body, signal);
    if (answer.status === 400) {
      // A model that only embeds does not generate; for it nothing to embed means the same: load.
      answer = await this.http.send('POST', `${url}/api/embed`, { ...body, input: [] }, signal);
    }
    const { status, text } = answer;
    if (status === 200) return;
    if (status === 404) throw new AppError('model.unknown', { model });
    throw new AppError(OUT_OF_MEMORY.test(text) ? 'engine.out_of_memory' : 'engine.failed', {
      model,
      status,
    });
  }

  private async unload(url: string, model: string, signal: AbortSignal): Promise<void> {
    const body = { model, keep_alive: 0, stream: false };
    const { status } = await this.http.send('POST', `${url}/api/generate`, body, this.limited(signal));
    // 404: deleted from disk while loaded. It stays in memory until its timer fires, or the engine is stopped.
    if (status !== 200 && status !== 404) throw new AppError('engine.failed', { model, status });
  }

  private async placement(url: string, model: string, signal: AbortSignal): Promise<LoadResult> {
    const loaded = await this.ps(url, signal);
    // Two names of the same weights share one place in the list, under the other name.
    const own = loaded.find(({ name }) => tagged(name) === tagged(model));
    if (own === undefined) return LOAD_UNKNOWN;
    const missingMib = Math.max(0, Math.round((own.size - own.size_vram) / 1_048_576));
    return { placement: own.size_vram >= own.size ? 'on_card' : 'split', missingMib };
  }

  private async ps(url: string, signal: AbortSignal): Promise<LoadedModel[]> {
    return (await this.http.getJson(`${url}/api/ps`, psReply, this.limited(signal))).models;
  }

  private limited(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  }
}
