import { ollamaLoadOptions } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ChatRequest } from 'ollama';
import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import type { ChatEngine, EngineDoor, EngineOutput, EnginePatience, EngineRequest } from './chat-engine.ts';
import { LineCutter } from './ndjson.ts';
import { midStreamFailure, refusalOf } from './ollama-failure.ts';
import { SilenceWatch } from './silence-watch.ts';
import { ThoughtTags, type Told } from './thought-tags.ts';

/** Read as milliseconds. */
const nanoseconds = z
  .number()
  .nonnegative()
  .default(0)
  .transform((ns) => Math.round(ns / 1e6));

/** A line of the answer. Metrics that are zero are left out by Ollama. */
const chunk = z.union([
  z.object({ error: z.string() }),
  z.object({
    message: z.object({ content: z.string().default(''), thinking: z.string().default('') }).optional(),
    done: z.boolean(),
    done_reason: z.string().optional(),
    prompt_eval_count: z.int().nonnegative().default(0),
    eval_count: z.int().nonnegative().default(0),
    load_duration: nanoseconds,
    prompt_eval_duration: nanoseconds,
    eval_duration: nanoseconds,
  }),
]);

/** Idle connections to the guard are kept this long, so that the next answer does not wait for a handshake. */
const KEEP_ALIVE_MS = 60_000;
/** After the last line the body ends at once; a server that does not end it is not waited for. */
const CLOSING_MS = 1_000;
/** The beginning of an error body is enough to know what it means. */
const MAX_ERROR_BODY_BYTES = 65_536;

/**
 * Ollama's `/api/chat` through the guard. Why not the client of the `ollama` package, whose types are used: see
 * docs/decisions/2026-11-20-ollama-stream.md.
 */
@Injectable()
export class OllamaDriver implements ChatEngine, OnApplicationShutdown {
  private readonly clock: Clock;
  // Ollama sends no headers before the first token, however long that takes: silence is watched here, not by undici.
  private readonly agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
  });

  constructor(@Inject(CLOCK) clock: Clock) {
    this.clock = clock;
  }

  async *stream(
    request: EngineRequest,
    door: EngineDoor,
    patience: EnginePatience,
  ): AsyncGenerator<EngineOutput, void, undefined> {
    const stop = new AbortController();
    const follow = (): void => stop.abort(door.signal.reason);
    if (door.signal.aborted) throw door.signal.reason;
    door.signal.addEventListener('abort', follow, { once: true });
    const watch = new SilenceWatch(this.clock, patience.firstTokenMs, (error) => stop.abort(error));
    let isComplete = false;
    try {
      const body = await this.post(request, door, stop.signal);
      for await (const output of readAnswer(body, watch, patience.stallMs)) {
        yield output;
        if (output.type !== 'end') continue;
        isComplete = true;
        watch.heard(CLOSING_MS);
      }
    } catch (error) {
      // Once the answer is complete, how the connection ends is of no interest.
      if (!isComplete) throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      watch.end();
      door.signal.removeEventListener('abort', follow);
      // Leaving early must close the connection: Ollama goes on generating for as long as it is open.
      stop.abort();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async post(
    request: EngineRequest,
    door: EngineDoor,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const url = new URL(`${door.url}/api/chat`);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.agent.request({
        origin: url.origin,
        path: url.pathname,
        method: 'POST',
        headers: { ...door.headers, 'content-type': 'application/json' },
        body: JSON.stringify(bodyOf(request)),
        signal,
      });
    } catch (cause) {
      throw new AppError('engine.unavailable', {}, { cause });
    }
    if (response.statusCode === 200) return response.body;
    // A connection that breaks in the middle of a refusal leaves the status to go by.
    throw refusalOf(response.statusCode, await beginningOf(response.body).catch(() => ''));
  }
}

function bodyOf(request: EngineRequest): ChatRequest & { readonly stream: true } {
  const { model, messages, temperature, topP, maxTokens, think, format, contextLength, keepAlive } = request;
  return {
    model,
    messages: messages.map(({ role, content, images }) => ({
      role,
      content,
      ...(images === undefined || images.length === 0 ? {} : { images: [...images] }),
    })),
    stream: true,
    // Models that can think do so unless told otherwise; those that cannot refuse to be told.
    ...(think === null ? {} : { think }),
    ...(format === null ? {} : { format }),
    keep_alive: keepAlive,
    options: {
      ...ollamaLoadOptions(contextLength),
      ...(temperature === null ? {} : { temperature }),
      ...(topP === null ? {} : { top_p: topP }),
      ...(maxTokens === null ? {} : { num_predict: maxTokens }),
    },
  };
}

interface Piece {
  readonly text: string;
  readonly thinking: string;
  readonly end: EngineOutput | null;
}

async function* readAnswer(
  body: AsyncIterable<Uint8Array>,
  watch: SilenceWatch,
  stallMs: number,
): AsyncGenerator<EngineOutput, void, undefined> {
  let isComplete = false;
  const tags = new ThoughtTags();
  for await (const line of linesOf(body)) {
    if (isComplete) continue;
    watch.heard(stallMs);
    const piece = readLine(line);
    if (piece.thinking !== '') yield { type: 'thinking', text: piece.thinking };
    for (const output of outputsOf(tags.push(piece.text))) yield output;
    if (piece.end === null) continue;
    for (const output of outputsOf(tags.rest())) yield output;
    yield piece.end;
    // Reading to the end of the body, rather than leaving, keeps the connection for the next answer.
    isComplete = true;
  }
  if (!isComplete) throw new AppError('engine.truncated', { reason: 'no final line' });
}

/** A list and no generator: one for each token would cost more than what it carries. */
function outputsOf({ thinking, text }: Told): EngineOutput[] {
  const outputs: EngineOutput[] = [];
  if (thinking !== '') outputs.push({ type: 'thinking', text: thinking });
  if (text !== '') outputs.push({ type: 'text', text });
  return outputs;
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const cutter = new LineCutter();
  try {
    for await (const piece of body) yield* cutter.push(piece);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('engine.truncated', { reason: 'connection lost' }, { cause });
  }
  yield* cutter.rest();
}

/** @throws AppError for an `error` line and for a line that is none of Ollama's: skipping it would lose text unseen */
function readLine(line: string): Piece {
  const parsed = chunk.safeParse(parseJson(line));
  if (!parsed.success) throw new AppError('engine.failed', { reason: 'not a chat line', chars: line.length });
  if ('error' in parsed.data) throw midStreamFailure(parsed.data.error);
  const { message, done, done_reason: reason, ...measured } = parsed.data;
  const { content: text, thinking } = message ?? { content: '', thinking: '' };
  if (!done) return { text, thinking, end: null };
  return {
    text,
    thinking,
    end: {
      type: 'end',
      reason: reason === 'length' ? 'length' : 'stop',
      usage: { prompt_tokens: measured.prompt_eval_count, completion_tokens: measured.eval_count },
      timings: {
        load_ms: measured.load_duration,
        prompt_ms: measured.prompt_eval_duration,
        answer_ms: measured.eval_duration,
      },
    },
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.length;
    if (size >= MAX_ERROR_BODY_BYTES) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}
