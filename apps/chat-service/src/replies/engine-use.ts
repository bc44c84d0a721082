import type { Clock } from '@baton/kernel';
import type { ChatEngine, EngineMessage, EngineRequest } from '../engines/chat-engine.ts';
import type { ReplySettings } from '../tokens.ts';
import type { ActiveReply } from './active-reply.ts';
import type { BeforeAnswer } from './answer-hooks.ts';

/** What one attempt uses of a place and of this process. */
export interface EngineUse {
  readonly engine: ChatEngine;
  readonly settings: ReplySettings;
  readonly clock: Clock;
  readonly before: BeforeAnswer | null;
  /** Whether the model is known not to think: then it is told nothing about it. */
  readonly cannotThink: boolean;
}

/** A question in the words of an engine: what the user set, and what holds for every question. */
export function requestOf(
  { model, task }: Pick<ActiveReply, 'model' | 'task'>,
  messages: readonly EngineMessage[],
  { settings, cannotThink }: Pick<EngineUse, 'settings' | 'cannotThink'>,
): EngineRequest {
  const { temperature, topP, maxTokens, think, options } = task;
  const { contextLength, keepAlive } = settings;
  return {
    model,
    messages,
    contextLength,
    keepAlive,
    temperature,
    topP,
    maxTokens,
    think: cannotThink ? null : think,
    format: options.format ?? null,
  };
}
