import { sendJson } from '../../listening.ts';
import type { OllamaEngine } from '../engine.ts';
import { generate } from '../generation.ts';
import type { Generation, GenerationEvent } from '../generation.ts';
import { parseKeepAlive } from '../keep-alive.ts';
import type { Model } from '../models.ts';
import { OllamaError } from '../ollama-error.ts';
import { RequestBody } from '../request-body.ts';
import { tokenId, tokenize } from '../text/tokens.ts';
import type { ToolCall } from '../text/tool-call.ts';
import { streamLines, utcTime } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { likelihoods } from './likelihoods.ts';
import { findModel, mustBeAble, prepare, readLoad } from './prepare.ts';
import type { Turn } from './prepare.ts';

/** Models whose output Ollama itself parses: their tool calls come before the final object. */
const PARSED_FAMILIES = ['gptoss', 'qwen3', 'qwen3moe'];

export async function postGenerate(exchange: Exchange): Promise<void> {
  const body = RequestBody.parse(exchange.body, 'GenerateRequest');
  const name = body.text('model');
  const model = findModel(exchange.engine, name);
  checkTopLikelihoods(body);
  const prompt = body.text('prompt');
  if (prompt === '') {
    return answerWithoutPrompt(exchange, { body, name, model, verb: 'generate', empty: { response: '' } });
  }
  mustComplete(model, name, 'generate');
  const isRaw = body.flag('raw') === true;
  if (isRaw && (body.text('template') || body.text('system') || body.list('context').length > 0)) {
    throw new OllamaError(400, 'raw mode does not support template, system, or context');
  }
  if (body.text('suffix') !== '') mustBeAble(model, 'insert');
  const system = body.text('system');
  const turns: Turn[] = [{ role: 'user', content: prompt, images: body.images('images') }];
  if (system !== '') turns.unshift({ role: 'system', content: system, images: [] });
  const generation = await prepare(exchange.engine, { ...commonParts(body), name, model, turns, tools: [] });
  const context = [...tokenize(system), ...tokenize(prompt)].map(tokenId);
  await answer(exchange, {
    name,
    generation,
    body,
    chunk: (text, kind) => (kind === 'thinking' ? { response: '', thinking: text } : { response: text }),
    toolCalls: (calls) => ({ response: '', tool_calls: calls.map(nativeCall) }),
    closing: (said) => (isRaw ? {} : { context: [...context, ...tokenize(said).map(tokenId)] }),
  });
}

export async function postChat(exchange: Exchange): Promise<void> {
  const body = RequestBody.parse(exchange.body, 'ChatRequest');
  const name = body.text('model');
  if (name === '') throw new OllamaError(400, 'model is required');
  const model = findModel(exchange.engine, name);
  checkTopLikelihoods(body);
  const turns = body.list('messages').map((message) => readTurn(body.nested(message, 'messages')));
  const empty = { message: { role: 'assistant', content: '' } };
  if (turns.length === 0) return answerWithoutPrompt(exchange, { body, name, model, verb: 'chat', empty });
  mustComplete(model, name, 'chat');
  const generation = await prepare(exchange.engine, {
    ...commonParts(body),
    name,
    model,
    turns,
    tools: body.list('tools'),
  });
  const message = (parts: object): object => ({ message: { role: 'assistant', content: '', ...parts } });
  await answer(exchange, {
    name,
    generation,
    body,
    chunk: (text, kind) => message(kind === 'thinking' ? { thinking: text } : { content: text }),
    toolCalls: (calls) => message({ tool_calls: calls.map(nativeCall) }),
    closing: () => ({}),
  });
}

/**
 * The load and unload forms. An unload is answered before anything happens, for any model, loaded or not; a load
 * waits until the model is ready.
 */
async function answerWithoutPrompt(
  exchange: Exchange,
  asked: { body: RequestBody; name: string; model: Model; verb: 'generate' | 'chat'; empty: object },
): Promise<void> {
  const { engine, response, signal } = exchange;
  const { body, name, model, verb, empty } = asked;
  const { load, keepAliveMs } = readLoad(engine, body);
  const reason = keepAliveMs === 0 ? 'unload' : 'load';
  if (reason === 'unload') {
    engine.scheduler.expire(model.blob);
  } else {
    mustComplete(model, name, verb);
    (await engine.scheduler.acquire({ model, options: load, keepAliveMs, signal })).release();
  }
  sendJson(response, 200, { model: name, created_at: utcTime(), ...empty, done: true, done_reason: reason });
}

function mustComplete(model: Model, name: string, verb: 'generate' | 'chat'): void {
  if (model.capabilities.includes('completion')) return;
  throw new OllamaError(400, `${JSON.stringify(name)} does not support ${verb}`);
}

interface Answer {
  readonly name: string;
  readonly generation: Generation;
  readonly body: RequestBody;
  chunk(text: string, kind: 'thinking' | 'content'): object;
  toolCalls(calls: readonly ToolCall[]): object;
  /** What the final object has besides; gets all that was said. */
  closing(said: string): object;
}

async function answer(exchange: Exchange, parts: Answer): Promise<void> {
  const { engine, signal, response } = exchange;
  const events = told(engine, parts.generation, generate(engine, parts.generation, signal));
  if (parts.body.flag('stream') === false) sendJson(response, 200, await whole(parts, events));
  else await streamLines(exchange, lines(parts, events));
}

/** The same events; the card hears of an answer that was generated to its end. */
async function* told(
  engine: OllamaEngine,
  { question }: Generation,
  events: AsyncIterable<GenerationEvent>,
): AsyncGenerator<GenerationEvent> {
  for await (const event of events) {
    if (event.is === 'done') engine.tellFinished(question.text);
    yield event;
  }
}

async function* lines(parts: Answer, events: AsyncIterable<GenerationEvent>): AsyncGenerator<object> {
  const { name: model, body } = parts;
  const callsAreEarly = PARSED_FAMILIES.includes(parts.generation.model.family);
  let said = '';
  let atEnd: object = parts.chunk('', 'content');
  for await (const event of events) {
    const head = { model, created_at: utcTime() };
    if (event.is === 'done') {
      const { reason, metrics } = event;
      const closing = parts.closing(said);
      yield { ...head, ...atEnd, done: true, done_reason: reason, ...closing, ...withoutZeros(metrics) };
    } else if (event.is === 'toolCalls') {
      if (callsAreEarly) yield { ...head, ...parts.toolCalls(event.calls), done: false };
      else atEnd = parts.toolCalls(event.calls);
    } else {
      said += event.text;
      yield { ...head, ...parts.chunk(event.text, event.is), done: false, ...likelihoods(body, event.text) };
    }
  }
}

/** One object: the final one with everything in it, or without `done` when the stream ended early. */
async function whole(parts: Answer, events: AsyncIterable<GenerationEvent>): Promise<object> {
  const said = { thinking: '', content: '' };
  const logprobs: unknown[] = [];
  let calls: readonly ToolCall[] = [];
  let ending: object = { done: false };
  for await (const event of events) {
    if (event.is === 'toolCalls') calls = event.calls;
    else if (event.is === 'done') {
      const closing = parts.closing(said.thinking + said.content);
      ending = { done: true, done_reason: event.reason, ...closing, ...withoutZeros(event.metrics) };
    } else {
      said[event.is] += event.text;
      logprobs.push(...(likelihoods(parts.body, event.text).logprobs ?? []));
    }
  }
  const text = parts.chunk(said.content, 'content');
  const thinking = said.thinking === '' ? {} : parts.chunk(said.thinking, 'thinking');
  const head = { model: parts.name, created_at: utcTime() };
  const content = joined(calls.length > 0 ? parts.toolCalls(calls) : {}, joined(thinking, text));
  return { ...head, ...content, ...ending, ...(logprobs.length > 0 && { logprobs }) };
}

/** Two chunks as one: `b` wins, and what they hold in `message` is put together. */
function joined(a: object, b: object): object {
  if ('message' in a && 'message' in b)
    return { message: { ...(a.message as object), ...(b.message as object) } };
  return { ...a, ...b };
}

function commonParts(body: RequestBody) {
  return {
    format: body.raw('format'),
    think: body.raw('think'),
    options: body.object('options'),
    keepAliveMs: parseKeepAlive(body.raw('keep_alive')),
    shift: body.flag('shift'),
    truncate: body.flag('truncate'),
  };
}

function readTurn(message: RequestBody): Turn {
  return { role: message.text('role'), content: message.text('content'), images: message.images('images') };
}

/** Arguments are an object here, unlike in `/v1`. */
function nativeCall(call: ToolCall, index: number): object {
  return { id: call.id, function: { index, name: call.name, arguments: call.arguments } };
}

function checkTopLikelihoods(body: RequestBody): void {
  const top = body.number('top_logprobs') ?? 0;
  if (top < 0 || top > 20) throw new OllamaError(400, 'top_logprobs must be between 0 and 20');
}

function withoutZeros(metrics: object): object {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== 0));
}
