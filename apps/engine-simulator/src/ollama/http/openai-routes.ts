import { sendJson } from '../../listening.ts';
import { generate } from '../generation.ts';
import type { GenerationEvent, Metrics } from '../generation.ts';
import { OllamaError, modelNotFound } from '../ollama-error.ts';
import { RequestBody } from '../request-body.ts';
import { isAtLeast } from '../settings.ts';
import type { ToolCall } from '../text/tool-call.ts';
import { embedAll, readInput } from './embed-routes.ts';
import { Stream } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { findModel, prepare } from './prepare.ts';
import type { Turn } from './prepare.ts';
import type { Model } from '../models.ts';

export function getModels({ engine, response }: Exchange): void {
  const data = engine.store.list().map(modelEntry);
  sendJson(response, 200, { object: 'list', data: data.length > 0 ? data : null });
}

export function getModel({ engine, response, parameter }: Exchange): void {
  const model = engine.store.find(parameter);
  if (!model) throw modelNotFound(parameter);
  sendJson(response, 200, modelEntry(model));
}

function modelEntry(model: Model): object {
  return {
    id: model.name,
    object: 'model',
    created: Math.floor(model.modifiedAt / 1_000),
    owned_by: 'library',
  };
}

export async function postChatCompletions(exchange: Exchange): Promise<void> {
  const { engine, signal, response } = exchange;
  const body = RequestBody.parse(exchange.body, 'ChatCompletionRequest');
  const name = body.text('model');
  const messages = body.list('messages');
  if (messages.length === 0) throw new OllamaError(400, "[] is too short - 'messages'");
  const model = findModel(engine, name);
  const generation = await prepare(engine, {
    name,
    model,
    turns: messages.map((message) => readTurn(body.nested(message, 'messages'))),
    tools: body.list('tools'),
    format: readResponseFormat(body.object('response_format')),
    think: readEffort(body, model),
    options: readOpenAiOptions(body),
    keepAliveMs: undefined,
    shift: undefined,
    truncate: undefined,
  });
  // Ids are not unique in the real program either.
  const identity = {
    id: `chatcmpl-${Math.floor(Math.random() * 999)}`,
    created: Math.floor(Date.now() / 1_000),
  };
  const events = generate(engine, generation, signal);
  if (body.flag('stream') === true) await streamChunks(exchange, { ...identity, name, body, events });
  else sendJson(response, 200, await wholeCompletion({ ...identity, name, events }));
}

export async function postOpenAiEmbeddings(exchange: Exchange): Promise<void> {
  const body = RequestBody.parse(exchange.body, 'EmbeddingRequest');
  const name = body.text('model');
  const texts = readInput(body.raw('input'));
  if (texts.length === 0) throw new OllamaError(400, 'invalid input');
  const { vectors, promptTokens } = await embedAll(exchange, { name, texts, body });
  const isBase64 = body.text('encoding_format') === 'base64';
  const encoded = (vector: number[]): unknown =>
    isBase64 ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
  sendJson(exchange.response, 200, {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', embedding: encoded(vector), index })),
    model: name,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

interface Completion {
  readonly id: string;
  readonly created: number;
  readonly name: string;
  readonly events: AsyncIterable<GenerationEvent>;
}

/**
 * Server-sent chunks. Since 0.32.6 the role comes once and the finish in a chunk of its own; before, every chunk had
 * the role and the last one the finish. An error in mid-stream becomes an empty delta, and no `[DONE]` follows.
 */
async function streamChunks(
  exchange: Exchange,
  completion: Completion & { body: RequestBody },
): Promise<void> {
  const { id, created, name, body, events } = completion;
  const isRecent = isAtLeast(exchange.engine.settings, '0.32.6');
  const wantsUsage = body.object('stream_options')['include_usage'] === true;
  const stream = new Stream(exchange, 'text/event-stream');
  const head = { id, object: 'chat.completion.chunk', created, model: name, system_fingerprint: 'fp_ollama' };
  let hasRole = false;
  const send = async (delta: object, finish: string | null): Promise<void> => {
    const role = !isRecent || !hasRole ? { role: 'assistant' } : {};
    hasRole = true;
    const choice = {
      index: 0,
      delta: finish !== null && isRecent ? {} : { ...role, ...delta },
      finish_reason: finish,
    };
    await stream.write(`data: ${JSON.stringify({ ...head, choices: [choice] })}\n\n`);
  };
  let hasCalls = false;
  try {
    for await (const event of events) {
      if (event.is === 'done') {
        await send({ content: '' }, hasCalls ? 'tool_calls' : event.reason);
        const usage = { ...head, choices: [], usage: usageOf(event.metrics) };
        if (wantsUsage) await stream.write(`data: ${JSON.stringify(usage)}\n\n`);
        await stream.write('data: [DONE]\n\n');
      } else if (event.is === 'toolCalls') {
        hasCalls = true;
        await send({ content: '', tool_calls: event.calls.map(openAiCall) }, null);
      } else {
        await send(
          event.is === 'content' ? { content: event.text } : { content: '', reasoning: event.text },
          null,
        );
      }
    }
  } catch (cause) {
    if (!stream.hasBegun || exchange.signal.aborted) throw cause;
    await send({ content: '' }, null);
  }
  stream.end();
}

async function wholeCompletion({ id, created, name, events }: Completion): Promise<object> {
  const said = { thinking: '', content: '' };
  let calls: readonly ToolCall[] = [];
  let finish: string | null = null;
  let usage: object = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  for await (const event of events) {
    if (event.is === 'toolCalls') calls = event.calls;
    else if (event.is === 'done') {
      finish = calls.length > 0 ? 'tool_calls' : event.reason;
      usage = usageOf(event.metrics);
    } else said[event.is] += event.text;
  }
  const message = {
    role: 'assistant',
    content: said.content,
    ...(said.thinking !== '' && { reasoning: said.thinking }),
    ...(calls.length > 0 && { tool_calls: calls.map(openAiCall) }),
  };
  const choices = [{ index: 0, message, finish_reason: finish }];
  return {
    id,
    object: 'chat.completion',
    created,
    model: name,
    system_fingerprint: 'fp_ollama',
    choices,
    usage,
  };
}

function usageOf({ prompt_eval_count: prompt, eval_count: completion }: Metrics): object {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** Arguments are a text here, unlike on the native interface. */
function openAiCall(call: ToolCall, index: number): object {
  const { id, name } = call;
  return { id, index, type: 'function', function: { name, arguments: JSON.stringify(call.arguments) } };
}

function readTurn(message: RequestBody): Turn {
  const content = message.raw('content');
  const role = message.text('role');
  if (!Array.isArray(content)) return { role, content: message.text('content'), images: [] };
  const parts = content.map((part) => message.nested(part, 'content'));
  const images = parts
    .filter((part) => part.text('type') === 'image_url')
    .map((part) => readImage(part.raw('image_url')));
  const texts = parts.filter((part) => part.text('type') === 'text').map((part) => part.text('text'));
  return { role, content: texts.join('\n'), images };
}

/** Images come as `data:` URIs only. */
function readImage(value: unknown): Buffer {
  const url = typeof value === 'object' && value !== null && 'url' in value ? value.url : value;
  const data =
    typeof url === 'string' ? /^data:image\/(?:jpeg|jpg|png|webp);base64,(.+)$/s.exec(url)?.[1] : undefined;
  if (data === undefined) throw new OllamaError(400, 'invalid image input');
  return Buffer.from(data, 'base64');
}

function readResponseFormat(format: Readonly<Record<string, unknown>>): unknown {
  if (format['type'] === 'json_object') return 'json';
  const declared = format['json_schema'];
  if (format['type'] !== 'json_schema' || typeof declared !== 'object' || declared === null) return undefined;
  return (declared as Record<string, unknown>)['schema'];
}

const EFFORTS: Readonly<Record<string, unknown>> = {
  none: false,
  minimal: 'low',
  xhigh: 'max',
  ultra: 'max',
};

/** Effort is ignored where the model does not think, as clients send it to any model. */
function readEffort(body: RequestBody, model: Model): unknown {
  const effort = body.text('reasoning_effort') || body.object('reasoning')['effort'];
  if (typeof effort !== 'string' || effort === '' || !model.capabilities.includes('thinking'))
    return undefined;
  return EFFORTS[effort] ?? effort;
}

function readOpenAiOptions(body: RequestBody): Record<string, unknown> {
  const stop = body.raw('stop');
  const maxTokens = body.number('max_tokens') ?? body.number('max_completion_tokens');
  const seed = body.number('seed');
  return {
    ...(maxTokens !== undefined && { num_predict: maxTokens }),
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stop: Array.isArray(stop) ? stop : [stop] }),
  };
}
