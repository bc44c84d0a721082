import type { EngineMessage } from '../engines/chat-engine.ts';

/** One thing said, with its exact number of tokens where an engine has counted them. */
export interface SaidBefore {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tokens: number | null;
}

export interface PromptParts {
  readonly systemPrompt: string | null;
  /** What was said, newest first; the first is the question to be answered. Read only as far as it fits. */
  readonly newestFirst: AsyncIterable<SaidBefore>;
  /** Tokens that prompt and answer share. */
  readonly contextLength: number;
  /** The longest answer asked for, or null. */
  readonly maxTokens: number | null;
}

/** Of UTF-8 text, when nothing is known: Latin letters need a little less, Cyrillic about this much, Chinese a third. */
const BYTES_PER_TOKEN = 3;
/** What a count by the engine may change that to; beyond, the count was of something else (thinking, for example). */
const MIN_BYTES_PER_TOKEN = 1.5;
const MAX_BYTES_PER_TOKEN = 5;
/** Fewer counted tokens say little about a chat's language. */
const ENOUGH_COUNTED_TOKENS = 50;
/** Role marks around each message in a chat template. */
const TOKENS_PER_MESSAGE = 6;
/** Room left for the answer when no length was asked for. */
const USUAL_ANSWER_TOKENS = 1_024;

/**
 * Chooses what the model is told: always the system prompt and the question, then as much of what came before as fits,
 * newest first and without gaps. Ollama would cut too, but by messages it has to count on the GPU first, and silently.
 */
export async function fitPrompt({
  systemPrompt,
  newestFirst,
  contextLength,
  maxTokens,
}: PromptParts): Promise<EngineMessage[]> {
  const answer = Math.min(maxTokens ?? USUAL_ANSWER_TOKENS, Math.floor(contextLength / 2));
  const meter = new TokenMeter();
  let left = contextLength - answer;
  if (systemPrompt !== null && systemPrompt !== '') left -= meter.count(systemPrompt, null);
  const kept: EngineMessage[] = [];
  for await (const { role, content, tokens } of newestFirst) {
    left -= meter.count(content, role === 'assistant' ? tokens : null);
    if (kept.length > 0 && left < 0) break;
    kept.push({ role, content });
  }
  kept.reverse();
  // A conversation that begins with an answer confuses models: its question was cut off.
  while (kept.length > 1 && kept[0]?.role === 'assistant') kept.shift();
  if (systemPrompt !== null && systemPrompt !== '') kept.unshift({ role: 'system', content: systemPrompt });
  return kept;
}

/** Estimates tokens by bytes; answers that the engine counted teach it what a token of this chat's language is. */
class TokenMeter {
  private countedBytes = 0;
  private countedTokens = 0;

  count(text: string, exact: number | null): number {
    const bytes = Buffer.byteLength(text);
    if (exact !== null && exact > 0) {
      this.countedBytes += bytes;
      this.countedTokens += exact;
      return exact + TOKENS_PER_MESSAGE;
    }
    return Math.ceil(bytes / this.bytesPerToken()) + TOKENS_PER_MESSAGE;
  }

  private bytesPerToken(): number {
    if (this.countedTokens < ENOUGH_COUNTED_TOKENS) return BYTES_PER_TOKEN;
    const measured = this.countedBytes / this.countedTokens;
    return Math.min(MAX_BYTES_PER_TOKEN, Math.max(MIN_BYTES_PER_TOKEN, measured));
  }
}
