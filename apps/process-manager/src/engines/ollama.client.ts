import { pipeline, type Readable } from 'node:stream';
import { AppError, pause, type Clock } from '@baton/kernel';
import { ollamaLoadOptions, type EngineModel, type Lane } from '@baton/contracts';
import { z } from 'zod';
import { DownloadLines } from './download-lines.ts';
import type { EngineHttp } from './engine-http.ts';
import { LOAD_UNKNOWN, type EngineSoftware, type LeftBehind, type LoadResult } from './engine-software.ts';
import { installedDigests, isCloudName, modelDetails, sameModel, tagged } from './ollama-models.ts';

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
/** What is loaded is told beside the installed models if it comes in time. */
const LOADED_LOOK_MS = 2_000;
/** An unload that was lost (the model was still loading) is asked for again after this long. */
const ASK_AGAIN_MS = 1_000;
/** So long after it was asked to go, a model whose weights are no longer on the disk has not heard of it. */
const UNHEARD_MS = 2_000;

/** Known by its text only: the status is 500, as for everything else that goes wrong in a load. */
const OUT_OF_MEMORY = /out[ -]of[ -]memory|cudaMalloc failed|requires more (system|gpu) memory/i;

const psReply = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string().default(''),
        size: z.number().default(0),
        size_vram: z.number().default(0),
      }),
    )
    .nullable()
    .transform((models) => models ?? []),
});
type LoadedModel = z.infer<typeof psReply>['models'][number];

interface Asked {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Ollama: a model is in memory or not, and only `/api/ps` says which; answers to load and unload are intentions. */
export class OllamaClient implements EngineSoftware {
  readonly engine = 'ollama';
  readonly hasWorkers = true;
  private readonly http: EngineHttp;
  private readonly clock: Clock;
  private readonly settings: OllamaSettings;
  /** Digests of models that were left behind: every call goes to what their names stand for now. */
  private readonly leftBehind = new Set<string>();

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
    const loaded = await this.ps(url, signal);
    if (keep?.engine !== 'ollama') return loaded.length > 0;
    // Ollama itself makes room between its own models: what nobody can unload is not in the way of another of them.
    return loaded.some(
      ({ name, digest }) => tagged(name) !== tagged(keep.model) && !this.leftBehind.has(digest),
    );
  }

  async heldMib(url: string, signal: AbortSignal): Promise<number> {
    const bytes = (await this.ps(url, signal)).reduce((sum, { size_vram }) => sum + size_vram, 0);
    return Math.round(bytes / 1_048_576);
  }

  async free(url: string, signal: AbortSignal): Promise<readonly LeftBehind[]> {
    let quietLooks = 0;
    const asked = new Map<string, Asked>();
    for (;;) {
      const loaded = await this.ps(url, signal);
      const left = await this.tellLeftBehind(url, loaded, asked, signal);
      quietLooks = left.length === loaded.length ? quietLooks + 1 : 0;
      if (quietLooks >= EMPTY_LOOKS) {
        return left.map(({ name, size_vram }) => ({ model: name, mib: Math.round(size_vram / 1_048_576) }));
      }
      for (const { name, digest } of loaded) {
        if (this.leftBehind.has(digest)) continue;
        const now = this.clock.monotonic();
        const before = asked.get(name);
        if (before !== undefined && now - before.lastMs < ASK_AGAIN_MS) continue;
        asked.set(name, { firstMs: before?.firstMs ?? now, lastMs: now });
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

  /** What is installed, whether loaded or not. That nobody could tell what is loaded spoils nothing. */
  async models(url: string): Promise<EngineModel[]> {
    const [models, loaded] = await Promise.all([
      modelDetails(this.http, url, AbortSignal.timeout(CALL_TIMEOUT_MS)),
      this.ps(url, AbortSignal.timeout(LOADED_LOOK_MS)).catch(() => null),
    ]);
    if (loaded === null) return models;
    return models.map((model) => ({
      ...model,
      loaded_bytes: loaded.find(({ name }) => sameModel(name, model.name))?.size_vram ?? null,
    }));
  }

  /**
   * Asks for one model's memory back and resolves, when it is gone from the list, with what it held of the card; null when
   * it was not there. It is asked for by its name in any case: weights with two names are listed under one of them.
   *
   * @throws AppError `model.unknown` when there is no such model
   */
  async unloadModel(url: string, model: string, signal: AbortSignal): Promise<number | null> {
    const before = (await this.ps(url, signal)).find(({ name }) => sameModel(name, model));
    const firstMs = this.clock.monotonic();
    const isInstalled = await this.unload(url, model, signal);
    if (!isInstalled && before === undefined) throw new AppError('model.unknown', { model });
    let lastMs = firstMs;
    for (let goneLooks = 0; goneLooks < EMPTY_LOOKS;) {
      const listed = (await this.ps(url, signal)).filter(({ name }) => sameModel(name, model));
      const asked = new Map(listed.map(({ name }) => [name, { firstMs, lastMs }]));
      const left = await this.tellLeftBehind(url, listed, asked, signal);
      const isLoaded = listed.length > left.length;
      goneLooks = isLoaded ? 0 : goneLooks + 1;
      if (isLoaded && this.clock.monotonic() - lastMs >= ASK_AGAIN_MS) {
        lastMs = this.clock.monotonic();
        await this.unload(url, model, signal);
      }
      if (goneLooks < EMPTY_LOOKS) await pause(this.clock, POLL_MS, signal);
    }
    return before?.size_vram ?? null;
  }

  /** From the disk. A copy in memory stays there: unload it first. @throws AppError `model.unknown`, `engine.failed` */
  async deleteModel(url: string, model: string): Promise<void> {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const { status } = await this.http.send('DELETE', `${url}/api/delete`, { model }, signal);
    if (status === 404) throw new AppError('model.unknown', { model });
    if (status !== 200) throw new AppError('engine.failed', { model, status });
  }

  /**
   * The lines of a download, as Ollama sends them; to destroy the stream ends the download. An older version that is in
   * memory is asked to go before the name is given to the new one: afterwards it could not be.
   *
   * @throws AppError `model.unknown` for a name that is none, or that would be sent to a cloud
   */
  async pull(url: string, model: string, signal: AbortSignal): Promise<Readable> {
    if (isCloudName(model)) throw new AppError('model.unknown', { model });
    const { status, body } = await this.http.open('POST', `${url}/api/pull`, { model, stream: true }, signal);
    if (status === 200) {
      const lines = new DownloadLines(() => void this.letGo(url, model).catch(() => undefined));
      return pipeline(body, lines, () => undefined);
    }
    body.resume();
    throw new AppError(status === 400 ? 'model.unknown' : 'engine.failed', { model, status });
  }

  /**
   * Those of the loaded models that no call reaches. An unload finds a model by what its name stands for on the disk: one
   * that was pulled or made anew, or deleted, while it was loaded does not hear of it, and stays until its own time is over.
   */
  private async tellLeftBehind(
    url: string,
    loaded: readonly LoadedModel[],
    asked: ReadonlyMap<string, Asked>,
    signal: AbortSignal,
  ): Promise<LoadedModel[]> {
    const now = this.clock.monotonic();
    const isUnheard = ({ name, digest }: LoadedModel): boolean =>
      digest !== '' && now - (asked.get(name)?.firstMs ?? now) >= UNHEARD_MS && !this.leftBehind.has(digest);
    const unheard = loaded.filter(isUnheard);
    if (unheard.length > 0) {
      const installed = await installedDigests(this.http, url, this.limited(signal));
      for (const { digest } of unheard) if (!installed.has(digest)) this.leftBehind.add(digest);
    }
    return loaded.filter(({ digest }) => this.leftBehind.has(digest));
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

  /** Asks once; whoever uses it now is not disturbed, and it goes after them. */
  private async letGo(url: string, model: string): Promise<void> {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const loaded = await this.ps(url, signal);
    if (loaded.some(({ name }) => sameModel(name, model))) await this.unload(url, model, signal);
  }

  /** False when no such model is on the disk. */
  private async unload(url: string, model: string, signal: AbortSignal): Promise<boolean> {
    const body = { model, keep_alive: 0, stream: false };
    const { status } = await this.http.send('POST', `${url}/api/generate`, body, this.limited(signal));
    // 404: deleted from disk while loaded. It stays in memory until its timer fires, or the engine is stopped.
    if (status !== 200 && status !== 404) throw new AppError('engine.failed', { model, status });
    return status === 200;
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
