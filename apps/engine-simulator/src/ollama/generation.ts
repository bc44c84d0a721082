import type { OllamaEngine } from './engine.ts';
import type { LoadOptions } from './eviction.ts';
import type { KeepAliveMs } from './keep-alive.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { Model } from './models.ts';
import { OllamaError, requestCanceled, runnerStopped } from './ollama-error.ts';
import type { RunOptions } from './request-options.ts';
import { composeReply, continueReply } from './text/reply.ts';
import type { Question } from './text/question.ts';
import { answerSchema, freeJson } from './text/schema-answer.ts';
import type { JsonSchema } from './text/schema-merge.ts';
import { tokenize } from './text/tokens.ts';
import { chooseTool } from './text/tool-call.ts';
import type { ToolCall } from './text/tool-call.ts';

/** How much comes before the answer; it counts among the tokens of the answer. */
export type Thinking = 'none' | 'little' | 'full';

/** One generation, whatever interface asked for it. */
export interface Generation {
  readonly model: Model;
  readonly question: Question;
  /** Tokens of the prompt as rendered, images included. */
  readonly promptTokens: number;
  readonly format: 'none' | 'json' | { readonly schema: JsonSchema };
  readonly thinking: Thinking;
  readonly tools: readonly unknown[];
  readonly load: LoadOptions;
  readonly run: RunOptions;
  readonly keepAliveMs: KeepAliveMs | undefined;
  /** False: the prompt must fit the context, and the answer ends where the context does. */
  readonly mayShift: boolean;
}

/** Nanoseconds and counts, as the final object shows them; zeros are left out there. */
export interface Metrics {
  readonly total_duration: number;
  readonly load_duration: number;
  readonly prompt_eval_count: number;
  readonly prompt_eval_duration: number;
  readonly eval_count: number;
  readonly eval_duration: number;
}

export type GenerationEvent =
  | { readonly is: 'thinking' | 'content'; readonly text: string }
  | { readonly is: 'toolCalls'; readonly calls: readonly ToolCall[] }
  | { readonly is: 'done'; readonly reason: 'stop' | 'length'; readonly metrics: Metrics };

interface Plan {
  readonly pieces: readonly { is: 'thinking' | 'content'; text: string }[];
  readonly calls: readonly ToolCall[];
  readonly reason: 'stop' | 'length';
}

/**
 * Everything that will be said, decided beforehand: thinking, then content, cut by `stop`, `num_predict` and, where
 * the context may not shift, by the context.
 */
export function planGeneration(generation: Generation, minTokens: number): Plan {
  const { question, format, run } = generation;
  const call = format === 'none' ? chooseTool(generation.tools, question) : null;
  const reply = composeReply(question);
  let text = call ? '' : reply.text;
  if (format === 'json') text = JSON.stringify(freeJson(question), null, 1);
  else if (format !== 'none') text = JSON.stringify(answerSchema(format.schema, question));
  const content = tokenize(text);
  for (let round = 1; format === 'none' && !call && content.length < minTokens; round += 1) {
    content.push(...tokenize(continueReply(question, round)));
  }
  const cut = cutAtStop(content, run.stop);
  const thinking = thoughts(reply.thinking, generation.thinking);
  const pieces = [
    ...thinking.map((piece) => ({ is: 'thinking' as const, text: piece })),
    ...cut.map((piece) => ({ is: 'content' as const, text: piece })),
  ];
  const room = generation.mayShift ? Infinity : generation.load.numCtx - generation.promptTokens;
  const limit = Math.max(0, Math.min(run.numPredict, room));
  return {
    pieces: pieces.slice(0, limit),
    calls: call ? [call] : [],
    reason: pieces.length > limit ? 'length' : 'stop',
  };
}

function thoughts(all: string, thinking: Thinking): readonly string[] {
  if (thinking === 'none') return [];
  return tokenize(thinking === 'little' ? all.slice(0, all.indexOf('.') + 1) : all);
}

/** The pieces before the first stop sequence, which is not sent itself. */
function cutAtStop(pieces: readonly string[], stops: readonly string[]): readonly string[] {
  const text = pieces.join('');
  const at = Math.min(...stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0));
  if (!Number.isFinite(at)) return pieces;
  return tokenize(text.slice(0, at));
}

/** A short yield of the event loop each so many tokens, where the pace needs no timer. */
const YIELD_EVERY = 16;

/**
 * Schedules, loads where needed, waits for a slot and generates at the set pace. Nothing comes out before the first
 * token. Ends without `done` when the fault says so. Throws OllamaError; a client that leaves ends it at any point.
 */
export async function* generate(
  engine: OllamaEngine,
  generation: Generation,
  client: AbortSignal,
): AsyncGenerator<GenerationEvent> {
  const { clock } = engine;
  const startedMs = clock.nowMs();
  const { model, load: options, keepAliveMs } = generation;
  const hold = await engine.scheduler.acquire({ model, options, keepAliveMs, signal: client });
  const { loaded } = hold;
  const loadMs = clock.nowMs() - startedMs;
  const signal = AbortSignal.any([client, loaded.gone.signal]);
  try {
    await loaded.slots.take(signal);
    try {
      yield* speak(engine, { generation, loaded, signal, startedMs, loadMs });
    } finally {
      loaded.slots.give();
    }
  } catch (cause) {
    if (loaded.gone.signal.aborted) throw runnerStopped();
    if (client.aborted) throw requestCanceled();
    throw cause;
  } finally {
    hold.release();
  }
}

interface Speech {
  readonly generation: Generation;
  readonly loaded: LoadedModel;
  readonly signal: AbortSignal;
  readonly startedMs: number;
  readonly loadMs: number;
}

async function* speak(engine: OllamaEngine, speech: Speech): AsyncGenerator<GenerationEvent> {
  const { clock, settings, faults } = engine;
  const { generation, loaded, signal } = speech;
  if (faults.strike('stuckBeforeFirstByte')) await aborted(signal);
  const promptTokens = Math.min(generation.promptTokens, loaded.contextLength);
  const promptStart = clock.nowMs();
  loaded.startComputing();
  try {
    await clock.sleep((promptTokens / settings.promptTokensPerSecond) * 1_000, signal);
    const promptMs = clock.nowMs() - promptStart;
    const plan = planGeneration(generation, settings.minReplyTokens);
    const evalStart = clock.nowMs();
    let said = 0;
    for (const piece of plan.pieces) {
      if (await strikeInStream(engine, loaded, said)) return;
      const dueMs = evalStart + ((said + 1) / settings.tokensPerSecond) * 1_000;
      const waitMs = dueMs - clock.nowMs();
      if (waitMs > 0 || said % YIELD_EVERY === 0) await clock.sleep(Math.max(0, waitMs), signal);
      signal.throwIfAborted();
      yield piece;
      said += 1;
    }
    if (plan.calls.length > 0) yield { is: 'toolCalls', calls: plan.calls };
    const evalCount = said + plan.calls.length * 12;
    const metrics = {
      total_duration: toNs(clock.nowMs() - speech.startedMs),
      load_duration: toNs(speech.loadMs),
      prompt_eval_count: promptTokens,
      prompt_eval_duration: toNs(promptMs),
      eval_count: evalCount,
      eval_duration: evalCount === 0 ? 0 : toNs(clock.nowMs() - evalStart),
    };
    yield { is: 'done', reason: plan.reason, metrics };
  } finally {
    loaded.stopComputing();
  }
}

/** True when the stream is to end here without a word. Throws what ends it with one. */
async function strikeInStream(engine: OllamaEngine, loaded: LoadedModel, said: number): Promise<boolean> {
  const isDue = ({ afterTokens }: { afterTokens: number }): boolean => afterTokens <= said;
  const { faults, scheduler } = engine;
  const failure = faults.strike('midStreamError', isDue);
  if (failure) throw new OllamaError(500, failure.message);
  if (faults.strike('runtimeOom', isDue)) {
    scheduler.expireAll();
    throw new OllamaError(500, 'an error was encountered while running the model: CUDA error: out of memory');
  }
  if (faults.strike('runnerCrash', isDue)) {
    await scheduler.lose(loaded);
    throw runnerStopped();
  }
  return faults.strike('endsWithoutDone', isDue) !== null;
}

function toNs(ms: number): number {
  return Math.max(1, Math.round(ms * 1e6));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
