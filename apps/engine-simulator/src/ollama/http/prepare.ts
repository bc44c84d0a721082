import type { OllamaEngine } from '../engine.ts';
import type { Generation, Thinking } from '../generation.ts';
import { parseKeepAlive } from '../keep-alive.ts';
import type { KeepAliveMs } from '../keep-alive.ts';
import { completeName } from '../models.ts';
import type { Model } from '../models.ts';
import { OllamaError, modelNotFound } from '../ollama-error.ts';
import type { RequestBody } from '../request-body.ts';
import { readOptions } from '../request-options.ts';
import type { LoadOptions } from '../eviction.ts';
import { lookAt } from '../text/image-look.ts';
import type { ImageLook } from '../text/question.ts';
import { isSchema } from '../text/schema-merge.ts';
import { countTokens } from '../text/tokens.ts';

/** What an image costs in the prompt of a vision model. */
const TOKENS_PER_IMAGE = 576;
/** Role markers and the like, per message. */
const TOKENS_PER_MESSAGE = 4;

export interface Turn {
  readonly role: string;
  readonly content: string;
  readonly images: readonly Buffer[];
}

/** What a request for a generation says, from whichever interface. */
export interface Asked {
  /** As sent; answers repeat it. */
  readonly name: string;
  readonly model: Model;
  readonly turns: readonly Turn[];
  readonly tools: readonly unknown[];
  readonly format: unknown;
  readonly think: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  readonly keepAliveMs: KeepAliveMs | undefined;
  readonly shift: boolean | undefined;
  readonly truncate: boolean | undefined;
}

/** The model of the request. Throws OllamaError 400 and 404, with the texts of generate and chat. */
export function findModel(engine: OllamaEngine, name: string): Model {
  if (name !== '' && completeName(name) === null) throw new OllamaError(400, 'invalid model name');
  const model = engine.store.find(name);
  if (!model) throw modelNotFound(name);
  return model;
}

/** What decides about loading, which a request without any prompt has too. */
export function readLoad(
  engine: OllamaEngine,
  body: RequestBody,
): { load: LoadOptions; keepAliveMs: KeepAliveMs | undefined } {
  const defaults = { numCtx: engine.contextLengthByDefault, shift: body.flag('shift') };
  const { load } = readOptions(body.object('options'), defaults);
  return { load, keepAliveMs: parseKeepAlive(body.raw('keep_alive')) };
}

/** Throws OllamaError: capabilities the model lacks, wrong options, a format that is none, images that are none. */
export async function prepare(engine: OllamaEngine, asked: Asked): Promise<Generation> {
  const { model, turns, tools, options, keepAliveMs, shift } = asked;
  const defaults = { numCtx: engine.contextLengthByDefault, shift };
  const { load, run } = readOptions(options, defaults);
  const pictures = turns.flatMap((turn) => turn.images);
  if (pictures.length > 0) mustBeAble(model, 'vision');
  if (tools.length > 0) mustBeAble(model, 'tools');
  const thinking = readThink(asked);
  const format = readFormat(asked.format);
  const last = turns.findLast((turn) => turn.role !== 'system') ?? turns.at(-1);
  const promptTokens = turns.reduce(
    (sum, turn) =>
      sum + countTokens(turn.content) + TOKENS_PER_MESSAGE + turn.images.length * TOKENS_PER_IMAGE,
    0,
  );
  const mayShift = shift !== false && asked.truncate !== false;
  const contextLength = engine.contextLengthOf(model, load.numCtx);
  if (!mayShift && promptTokens > contextLength) {
    throw new OllamaError(
      400,
      'the prompt is longer than the context length currently available to the model; ' +
        `it has ${promptTokens} tokens and the context has ${contextLength}`,
    );
  }
  return {
    model,
    question: {
      text: last?.content ?? '',
      systemPrompt: turns
        .filter((turn) => turn.role === 'system')
        .map((turn) => turn.content)
        .join('\n'),
      turns: turns.filter((turn) => turn.role !== 'system').length,
      model: model.name,
      seed: run.seed,
      // A question that follows one with an image is mostly about that image.
      images: await lookAtAll(turns.findLast((turn) => turn.images.length > 0)?.images ?? []),
    },
    promptTokens,
    format,
    thinking,
    tools,
    load,
    run,
    keepAliveMs,
    mayShift,
  };
}

/** The name in these texts is the long one. */
export function mustBeAble(model: Model, capability: 'vision' | 'tools' | 'insert'): void {
  if (model.capabilities.includes(capability)) return;
  throw new OllamaError(400, `registry.ollama.ai/library/${model.name} does not support ${capability}`);
}

const THINK_LEVELS = ['low', 'medium', 'high', 'max'];

/**
 * A model that can think does so unless told not to; one that cannot refuses to be told to. The gpt-oss family passes `false`
 * over and always thinks, `low` being the least.
 */
function readThink({ think, model, name }: Asked): Thinking {
  const canThink = model.capabilities.includes('thinking');
  if (think === undefined || think === null) return canThink ? 'full' : 'none';
  if (typeof think === 'string' && !THINK_LEVELS.includes(think)) {
    throw new OllamaError(
      400,
      `invalid think value: ${JSON.stringify(think)} (must be "high", "medium", "low", "max", true, or false)`,
    );
  }
  if (typeof think !== 'boolean' && typeof think !== 'string') {
    throw new OllamaError(
      400,
      'think must be a boolean or string ("high", "medium", "low", "max", true, or false)',
    );
  }
  if (think !== false && !canThink) {
    throw new OllamaError(400, `${JSON.stringify(name)} does not support thinking`);
  }
  if (!canThink || (think === false && model.family !== 'gptoss')) return 'none';
  return think === 'low' ? 'little' : 'full';
}

function readFormat(format: unknown): Generation['format'] {
  if (format === undefined || format === null || format === '') return 'none';
  if (format === 'json') return 'json';
  if (isSchema(format)) return { schema: format };
  throw new OllamaError(
    500,
    `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`,
  );
}

/** Bytes that are no image are refused by the child, whose JSON comes as the text of the error. */
async function lookAtAll(images: readonly Buffer[]): Promise<ImageLook[]> {
  try {
    return await Promise.all(images.map((image) => lookAt(image)));
  } catch {
    const error = { code: 400, message: 'Failed to load image or audio file', type: 'invalid_request_error' };
    throw new OllamaError(400, JSON.stringify({ error }));
  }
}
