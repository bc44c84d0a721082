import { sendJson } from '../../listening.ts';
import type { OllamaEngine } from '../engine.ts';
import { parseKeepAlive } from '../keep-alive.ts';
import type { LoadedModel } from '../loaded-model.ts';
import { OllamaError, embeddingModelNotFound } from '../ollama-error.ts';
import { RequestBody } from '../request-body.ts';
import { readOptions } from '../request-options.ts';
import { embed } from '../text/embedding.ts';
import { countTokens } from '../text/tokens.ts';
import type { Exchange } from './exchange.ts';

interface Embedded {
  readonly vectors: number[][];
  readonly promptTokens: number;
  readonly totalNs: number;
  readonly loadNs: number;
}

export async function postEmbed(exchange: Exchange): Promise<void> {
  const body = RequestBody.parse(exchange.body, 'EmbedRequest');
  const name = body.text('model');
  const texts = readInput(body.raw('input'));
  const { vectors, promptTokens, totalNs, loadNs } = await embedAll(exchange, { name, texts, body });
  const counted = { total_duration: totalNs, load_duration: loadNs, prompt_eval_count: promptTokens };
  sendJson(exchange.response, 200, {
    model: name,
    embeddings: vectors,
    ...(texts.length > 0 && Object.fromEntries(Object.entries(counted).filter(([, value]) => value > 0))),
  });
}

/** The old route: one prompt, one vector, nothing else. */
export async function postEmbeddings(exchange: Exchange): Promise<void> {
  const body = RequestBody.parse(exchange.body, 'EmbeddingRequest');
  const prompt = body.text('prompt');
  const texts = prompt === '' ? [] : [prompt];
  const { vectors } = await embedAll(exchange, { name: body.text('model'), texts, body });
  sendJson(exchange.response, 200, { embedding: vectors[0] ?? [] });
}

/** Loads the model, also when there is nothing to embed. Each text takes one of the model's slots. */
export async function embedAll(
  { engine, signal }: Pick<Exchange, 'engine' | 'signal'>,
  asked: { name: string; texts: readonly string[]; body: RequestBody },
): Promise<Embedded> {
  const { name, texts, body } = asked;
  const model = engine.store.find(name);
  if (!model) throw embeddingModelNotFound(name);
  const defaults = { numCtx: engine.contextLengthByDefault, shift: undefined };
  const { load } = readOptions(body.object('options'), defaults);
  const dimensions = Math.min(body.number('dimensions') || model.embeddingLength, model.embeddingLength);
  const startedMs = engine.clock.nowMs();
  const keepAliveMs = parseKeepAlive(body.raw('keep_alive'));
  const hold = await engine.scheduler.acquire({ model, options: load, keepAliveMs, signal });
  const loadNs = Math.round((engine.clock.nowMs() - startedMs) * 1e6);
  const { loaded } = hold;
  try {
    const tokens = texts.map((text) =>
      limited(countTokens(text), loaded.contextLength, body.flag('truncate')),
    );
    await Promise.all(tokens.map((count) => evaluate(engine, { loaded, count, signal })));
    return {
      vectors: texts.map((text) => embed(text, dimensions)),
      promptTokens: tokens.reduce((sum, count) => sum + count, 0),
      totalNs: Math.round((engine.clock.nowMs() - startedMs) * 1e6),
      loadNs,
    };
  } finally {
    hold.release();
  }
}

function limited(count: number, contextLength: number, truncate: boolean | undefined): number {
  if (truncate === false && count > contextLength) {
    throw new OllamaError(400, 'the input length exceeds the context length');
  }
  return Math.min(count, contextLength);
}

async function evaluate(
  { clock, settings }: OllamaEngine,
  work: { loaded: LoadedModel; count: number; signal: AbortSignal },
): Promise<void> {
  const { loaded, count } = work;
  const signal = AbortSignal.any([work.signal, loaded.gone.signal]);
  await loaded.slots.take(signal);
  loaded.startComputing();
  try {
    await clock.sleep((count / settings.promptTokensPerSecond) * 1_000, signal);
  } finally {
    loaded.stopComputing();
    loaded.slots.give();
  }
}

export function readInput(input: unknown): string[] {
  if (input === undefined || input === null || input === '') return [];
  if (typeof input === 'string') return [input];
  if (Array.isArray(input) && input.every((text): text is string => typeof text === 'string')) return input;
  throw new OllamaError(400, 'invalid input type');
}
