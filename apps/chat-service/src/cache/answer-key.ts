import { createHash } from 'node:crypto';
import type { AnswerFormat, ThinkSetting } from '@baton/contracts';
import type { EngineMessage } from '../engines/chat-engine.ts';

/** All that an answer depends on. */
export interface AskedFor {
  /** Null: the answer may be given to anybody. */
  readonly userId: number | null;
  readonly model: string;
  /** Changes when another version of the model is installed under its name; null while unknown. */
  readonly build: string | null;
  readonly messages: readonly EngineMessage[];
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
  readonly format: AnswerFormat | null;
  readonly think: ThinkSetting | null;
}

/** A new shape of what is stored, or of what is hashed, gets a new number: old entries are then not found any more. */
const VERSION = 1;

/** The Redis key of an answer. Nothing of the question can be read from it. */
export function answerKey(asked: AskedFor): string {
  const { messages, userId, model, build, temperature, topP, maxTokens, format, think } = asked;
  const said = messages.map(({ role, content, images = [] }) => [role, content, images]);
  const all = [VERSION, userId, model, build, said, temperature, topP, maxTokens, sorted(format), think];
  return `chat-answer:${createHash('sha256').update(JSON.stringify(all)).digest('base64url')}`;
}

/** The same schema is the same schema, however its fields stand. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)]);
}
