import type { Message, MessageDetails, ThinkSetting, Usage } from '@baton/contracts';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import type { ShownReply } from './shown-reply.ts';

/** What is known of how an answer was made; null for what is not. */
export interface AnswerFacts {
  readonly model: string | null;
  readonly engine: string | null;
  readonly server: string | null;
  readonly usage: Usage | null;
  readonly tokensPerSecond: number | null;
  readonly loadMs: number | null;
  readonly promptMs: number | null;
  readonly answerMs: number | null;
  readonly stop: 'stop' | 'length' | null;
  readonly think: ThinkSetting | null;
  readonly format: 'json' | 'schema' | null;
  readonly finishedAt: string | null;
}

export function answerFacts(
  { model, finished_at: finishedAt }: Pick<Message, 'model' | 'finished_at'>,
  { routing, usage, details }: Pick<ShownReply, 'routing' | 'usage' | 'details'>,
): AnswerFacts {
  const { timings } = details;
  return {
    model: routing?.answered ?? model,
    engine: engineName(details),
    server: details.instance ?? null,
    usage,
    tokensPerSecond: tokensPerSecond(usage, timings?.answer_ms ?? null),
    loadMs: timings?.load_ms ?? null,
    promptMs: timings?.prompt_ms ?? null,
    answerMs: timings?.answer_ms ?? null,
    stop: details.stop_reason ?? null,
    think: details.think ?? null,
    format: details.format ?? null,
    finishedAt,
  };
}

/** As the engine measured it, without the waiting and the reading. Null when there is nothing to divide by. */
export function tokensPerSecond(usage: Usage | null, answerMs: number | null): number | null {
  if (usage === null || answerMs === null || answerMs === 0) return null;
  return (usage.completion_tokens * 1_000) / answerMs;
}

/** An answer from the cache says so by itself, and no engine made it. */
function engineName({ engine }: MessageDetails): string | null {
  return engine === undefined || engine === null || engine === 'cache' ? null : ENGINE_NAMES[engine];
}
