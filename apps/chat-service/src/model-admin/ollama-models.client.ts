import { AppError, pause, type Clock } from '@baton/kernel';
import { Agent } from 'undici';
import { z } from 'zod';
import { refusalOf } from '../engines/ollama-failure.ts';
import { modelKey } from '../models/model-name.ts';
import { endsWithin } from './ends-within.ts';
import type { Kept, ModelKeeper } from './model-keeper.ts';

export interface OllamaModelsSettings {
  /** Without a slash at its end; one of the configuration. */
  readonly url: string;
  readonly loadOptions: object;
  readonly keepAlive: string | number;
}

const ps = z.object({
  models: z
    .array(z.object({ name: z.string(), size_vram: z.number().default(0) }))
    .nullable()
    .transform((models) => models ?? []),
});

/** Longer, and whoever asked is told that it goes on: a load from a slow disk takes minutes. */
const PATIENCE_MS = 8_000;
/** What still answers is waited for, but not for ever: then it goes by itself when the last answer has ended. */
const UNLOAD_PATIENCE_MS = 25_000;
const POLL_MS = 100;
const ASK_AGAIN_MS = 1_000;
/** An empty list may be followed by a model whose load was under way: one look is no proof. */
const EMPTY_LOOKS = 2;
/** `ps` may stand still for seconds while a model is ended. */
const CALL_MS = 15_000;

/** The models of an Ollama with a GPU of its own, by its own interface. */
export class OllamaModelsClient implements ModelKeeper {
  private readonly settings: OllamaModelsSettings;
  private readonly clock: Clock;
  private readonly agent = new Agent({ connectTimeout: 5_000, headersTimeout: 0, bodyTimeout: 900_000 });

  constructor(settings: OllamaModelsSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** A load belongs to whoever asked for it, and is thrown away when he leaves: so nobody ever leaves this one. */
  async load(model: string): Promise<Kept> {
    const { loadOptions: options, keepAlive: keep_alive } = this.settings;
    const loading = this.generate({ model, keep_alive, options });
    const isDone = await endsWithin(loading, PATIENCE_MS, this.clock);
    // Its failure shows in the list of models, which does not say that it is loaded.
    if (!isDone) loading.catch(() => undefined);
    return { state: isDone ? 'done' : 'accepted', freedBytes: null };
  }

  /**
   * The answer to an unload proves nothing: the model is gone when it is not in the list any more. It is asked for again and
   * again, because a question that comes meanwhile takes the unload back.
   */
  async unload(model: string): Promise<Kept> {
    const before = await this.held(model);
    const deadline = this.clock.monotonic() + UNLOAD_PATIENCE_MS;
    let askedAt = Number.NEGATIVE_INFINITY;
    for (let emptyLooks = 0; emptyLooks < EMPTY_LOOKS;) {
      if (this.clock.monotonic() - askedAt > ASK_AGAIN_MS) {
        askedAt = this.clock.monotonic();
        await this.generate({ model, keep_alive: 0 }, CALL_MS);
      }
      emptyLooks = (await this.held(model)) === null ? emptyLooks + 1 : 0;
      if (this.clock.monotonic() > deadline) return { state: 'accepted', freedBytes: null };
      if (emptyLooks < EMPTY_LOOKS) await pause(this.clock, POLL_MS);
    }
    return { state: 'done', freedBytes: before ?? 0 };
  }

  /** Unloaded first: what is deleted while it is loaded keeps its memory until its time is over. */
  async delete(model: string): Promise<Kept> {
    const { state, freedBytes } = await this.unload(model);
    if (state === 'accepted') throw new AppError('model.in_use', { model });
    await this.ask('DELETE', '/api/delete', { model }, CALL_MS);
    return { state: 'done', freedBytes };
  }

  async *pull(model: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.send('POST', '/api/pull', { model, stream: true }, signal);
    if (answer.statusCode !== 200) {
      const refusal = refusalOf(answer.statusCode, await answer.body.text());
      throw answer.statusCode === 400
        ? new AppError('model.unknown', { model }, { cause: refusal })
        : refusal;
    }
    yield* answer.body;
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** What it holds of its card; null when it is not loaded. */
  private async held(model: string): Promise<number | null> {
    const path = '/api/ps';
    const models = loadedModels(await this.ask('GET', path, undefined, CALL_MS));
    if (models === null) throw new AppError('engine.failed', { path, reason: 'not a list of Ollama' });
    return models.find(({ name }) => modelKey(name) === modelKey(model))?.size_vram ?? null;
  }

  private async generate(body: object, timeoutMs?: number): Promise<void> {
    await this.ask('POST', '/api/generate', { ...body, stream: false }, timeoutMs);
  }

  private async ask(
    method: Method,
    path: string,
    body: object | undefined,
    timeoutMs?: number,
  ): Promise<string> {
    const stop = new AbortController();
    const cancel =
      timeoutMs === undefined
        ? (): void => undefined
        : this.clock.after(timeoutMs, () => stop.abort(new AppError('engine.stalled', { path })));
    try {
      const { statusCode, body: answer } = await this.send(method, path, body, stop.signal);
      const text = await answer.text().catch((cause: unknown) => {
        stop.signal.throwIfAborted();
        throw new AppError('engine.unavailable', { path }, { cause });
      });
      if (statusCode !== 200) throw refusalOf(statusCode, text);
      return text;
    } finally {
      cancel();
    }
  }

  private async send(method: Method, path: string, body: object | undefined, signal: AbortSignal) {
    const url = new URL(`${this.settings.url}${path}`);
    try {
      return await this.agent.request({
        origin: url.origin,
        path: url.pathname,
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        signal,
      });
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.unavailable', { path }, { cause });
    }
  }
}

type Method = 'GET' | 'POST' | 'DELETE';

/** Null for what is no such list: a proxy's page, or half of an answer. */
function loadedModels(text: string): z.output<typeof ps>['models'] | null {
  try {
    return ps.parse(JSON.parse(text)).models;
  } catch {
    return null;
  }
}
