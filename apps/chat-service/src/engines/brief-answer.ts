import { alwaysThinks } from '@baton/contracts';
import type { EngineRequest } from './chat-engine.ts';

/** What such a model thinks at `low` about a question of one line; thoughts count among the tokens of an answer. */
const THOUGHT_TOKENS = 300;

/** How a question of our own is asked, whose answer is one line: without thoughts, or with as few as can be. */
export function briefly(
  model: string,
  { cannotThink, maxTokens }: { readonly cannotThink: boolean; readonly maxTokens: number },
): Pick<EngineRequest, 'think' | 'maxTokens'> {
  if (cannotThink) return { think: null, maxTokens };
  if (alwaysThinks(model)) return { think: 'low', maxTokens: maxTokens + THOUGHT_TOKENS };
  return { think: false, maxTokens };
}
