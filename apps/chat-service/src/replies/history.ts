import type { MessageDetails } from '@baton/contracts';
import type { Turn } from '../chats/exchange.ts';

/** One thing said, with its exact number of tokens where an engine has counted them. */
export type SaidBefore = Turn;

export interface PromptParts {
  readonly systemPrompt: string | null;
  /** What was said, newest first; the first is the question to be answered. Read hardly further than it fits. */
  readonly newestFirst: AsyncIterable<SaidBefore>;
  /** How many messages there are from this one on towards the beginning. Asked only when something is left out. */
  readonly olderThan: (messageId: number) => Promise<number>;
  /** Tokens that prompt and answer share. */
  readonly contextLength: number;
  /** The longest answer asked for, or null. */
  readonly maxTokens: number | null;
}

/** One message as the model is told it; whoever sends it fetches the pictures. */
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  readonly imageIds: readonly number[];
  /** Who spoke, in a chat between models. */
  readonly speaker: Turn['speaker'];
}

export interface FittedPrompt {
  readonly messages: PromptMessage[];
  /** What the user is told about what was left out; null when it is the whole conversation. */
  readonly truncation: NonNullable<MessageDetails['truncation']> | null;
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
/** What a picture takes where nobody has counted it: models that see cut it into 500 to 1,000 pieces. */
const TOKENS_PER_IMAGE = 800;
/** How far a count by difference may be from the estimate before it is taken for the count of something else. */
const MOST_UNLIKE = 4;
/** Room left for the answer when no length was asked for. */
const USUAL_ANSWER_TOKENS = 1_024;

/**
 * Chooses what the model is told: always the system prompt and the question, then as much of what came before as fits,
 * newest first and without gaps. Ollama would cut too, but by messages it has to count on the GPU first, and silently.
 */
export async function fitPrompt(parts: PromptParts): Promise<FittedPrompt> {
  const { systemPrompt, newestFirst, olderThan, contextLength, maxTokens } = parts;
  const answer = Math.min(maxTokens ?? USUAL_ANSWER_TOKENS, Math.floor(contextLength / 2));
  const meter = new TokenMeter();
  const system = systemPrompt === null || systemPrompt === '' ? null : systemPrompt;
  let left = contextLength - answer - (system === null ? 0 : meter.count(system, null));
  let isQuestionLong = false;
  const kept: SaidBefore[] = [];
  /** The newest message that is left out. */
  let cutAt: number | null = null;
  for await (const said of withCountedQuestions(newestFirst)) {
    left -= meter.countSaid(said);
    // Ollama would cut it silently, and the instructions before it. By estimate: it may just fit all the same.
    if (kept.length === 0) isQuestionLong = left + answer < 0;
    if (kept.length > 0 && left < 0) {
      cutAt = said.messageId;
      break;
    }
    kept.push(said);
  }
  kept.reverse();
  // A conversation that begins with an answer confuses models: its question was cut off.
  while (cutAt !== null && kept.length > 1 && isAnswer(kept[0])) cutAt = kept.shift()?.messageId ?? cutAt;
  const messages = kept.map(({ role, content, imageIds, speaker }) => ({ role, content, imageIds, speaker }));
  const first =
    system === null ? [] : [{ role: 'system', content: system, imageIds: [], speaker: null } as const];
  return {
    messages: [...first, ...messages],
    truncation:
      cutAt === null && !isQuestionLong
        ? null
        : {
            left_out: cutAt === null ? 0 : await olderThan(cutAt),
            ...(isQuestionLong ? { is_question_long: true } : {}),
            kept: kept.length,
            context_tokens: contextLength,
          },
  };
}

/** In a chat between models every turn is one, and there is no question to it. */
function isAnswer(said: SaidBefore | undefined): boolean {
  return said?.role === 'assistant' && said.speaker === null;
}

/**
 * Adds the exact size of questions: what the engine counted before one answer, less all that it counted up to the answer
 * before, is the question between the two. So each is passed on when the one before it has been read.
 */
async function* withCountedQuestions(newestFirst: AsyncIterable<SaidBefore>): AsyncGenerator<SaidBefore> {
  let answer: SaidBefore | null = null;
  let question: SaidBefore | null = null;
  for await (const said of newestFirst) {
    if (question !== null) yield { ...question, tokens: countedBetween(said, question, answer) };
    question = null;
    if (said.role === 'user' && answer !== null) question = said;
    else yield said;
    if (said.role === 'assistant') answer = said;
    else if (question === null) answer = null;
  }
  if (question !== null) yield question;
}

function countedBetween(before: SaidBefore, question: SaidBefore, answer: SaidBefore | null): number | null {
  if (before.role !== 'assistant' || before.tokens === null || before.promptTokens === null) return null;
  if (answer?.promptTokens == null || answer.model !== before.model || question.isEdited) return null;
  return answer.promptTokens - before.promptTokens - before.tokens - TOKENS_PER_MESSAGE;
}

/** Estimates tokens by bytes; what the engine counted teaches it what a token of this chat's language is. */
class TokenMeter {
  private countedBytes = 0;
  private countedTokens = 0;

  countSaid({ role, content, tokens, imageIds }: SaidBefore): number {
    if (role === 'assistant') return this.count(content, tokens);
    const estimate = this.count(content, null) + imageIds.length * TOKENS_PER_IMAGE;
    const isLikely =
      tokens !== null &&
      tokens * MOST_UNLIKE >= estimate - TOKENS_PER_MESSAGE &&
      tokens <= estimate * MOST_UNLIKE;
    // With pictures the count is of more than the words: nothing is learnt from it.
    if (isLikely && imageIds.length === 0) return this.count(content, tokens);
    return isLikely ? tokens + TOKENS_PER_MESSAGE : estimate;
  }

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
