import { AppError, type Clock } from '@baton/kernel';
import { Agent } from 'undici';
import { z } from 'zod';
import { refusalOf } from './ollama-failure.ts';

const details = z
  .object({
    parameter_size: z.string().nullish(),
    quantization_level: z.string().nullish(),
    context_length: z.int().positive().nullish(),
  })
  .nullish();
const tags = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        size: z.number().nonnegative().default(0),
        digest: z.string().default(''),
        details,
        // Since Ollama 0.30; before, only `/api/show` tells.
        capabilities: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});
const ps = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string().default(''),
        size_vram: z.number().nonnegative().default(0),
      }),
    )
    .nullish(),
});
const show = z.object({ capabilities: z.array(z.string()).nullish() });

export interface InstalledModel {
  readonly name: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly parameterSize: string | null;
  readonly quantization: string | null;
  readonly contextLength: number | null;
  /** Null: this Ollama does not tell them in its list. */
  readonly capabilities: readonly string[] | null;
}

export interface LoadedModel {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
}

/** At start the port accepts before anybody answers, so a look must end by itself. */
const TAGS_TIMEOUT_MS = 6_000;
/** `ps` may stand still for seconds while a model is ended: that is no crash. */
const PS_TIMEOUT_MS = 12_000;
/** A list of models is some hundred kilobytes at most. */
const MAX_BODY_BYTES = 4 * 1_048_576;

/** The small questions to an Ollama elsewhere. Over connections of their own, so that they never wait behind answers. */
export class OllamaApi {
  private readonly url: string;
  private readonly clock: Clock;
  private readonly agent = new Agent({
    connections: 2,
    connectTimeout: 5_000,
    maxResponseSize: MAX_BODY_BYTES,
  });

  constructor(url: string, clock: Clock) {
    this.url = url;
    this.clock = clock;
  }

  /** @throws AppError `engine.*` as all others here */
  async installed(): Promise<InstalledModel[]> {
    const { models } = await this.ask('/api/tags', tags, { timeoutMs: TAGS_TIMEOUT_MS });
    return (models ?? []).map((model) => ({
      name: model.name,
      digest: model.digest,
      sizeBytes: model.size,
      parameterSize: model.details?.parameter_size || null,
      quantization: model.details?.quantization_level || null,
      contextLength: model.details?.context_length ?? null,
      capabilities: model.capabilities ?? null,
    }));
  }

  async loaded(): Promise<LoadedModel[]> {
    const { models } = await this.ask('/api/ps', ps, { timeoutMs: PS_TIMEOUT_MS });
    return (models ?? []).map(({ name, digest, size_vram: bytes }) => ({ name, digest, bytes }));
  }

  /** Empty where it does not say. */
  async capabilities(model: string): Promise<readonly string[]> {
    const { capabilities } = await this.ask('/api/show', show, {
      timeoutMs: TAGS_TIMEOUT_MS,
      body: { model },
    });
    return capabilities ?? [];
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async ask<S extends z.ZodType>(
    path: string,
    schema: S,
    { timeoutMs, body }: { readonly timeoutMs: number; readonly body?: object },
  ): Promise<z.output<S>> {
    const stop = new AbortController();
    const cancelTimeout = this.clock.after(timeoutMs, () =>
      stop.abort(new AppError('engine.stalled', { path })),
    );
    try {
      const url = new URL(`${this.url}${path}`);
      const answer = await this.agent.request({
        origin: url.origin,
        path: url.pathname,
        method: body === undefined ? 'GET' : 'POST',
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        signal: stop.signal,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw refusalOf(answer.statusCode, text);
      return readJson(text, schema);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (stop.signal.aborted) throw stop.signal.reason;
      throw new AppError('engine.unavailable', { path }, { cause });
    } finally {
      cancelTimeout();
    }
  }
}

function readJson<S extends z.ZodType>(text: string, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('engine.failed', { reason: 'not an answer of Ollama', chars: text.length }, { cause });
  }
}
