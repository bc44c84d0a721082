import { ANSWER_LIMITS } from '@baton/contracts';
import type { EngineMessage } from '../engines/chat-engine.ts';

/** Enough for a query of twenty words, and for a model that says a little more than it should. */
export const QUERY_TOKENS = 60;
/** Of the conversation: what a question like "and in winter?" is about stands right before it. */
const TURNS_TOLD = 4;
const CHARS_PER_TURN = 1_500;

const TASK =
  'You write queries for a web search engine. Read the conversation and write one query that finds what the last ' +
  'message asks for. Answer with the query alone: no quotes, no explanation, at most fifteen words, in the language ' +
  'in which the best pages are likely to be written.';

/** What a model is asked so that it writes the query; `conversation` is oldest first and ends with the question. */
export function queryPrompt(conversation: readonly EngineMessage[], today: string): EngineMessage[] {
  const told = conversation
    .filter(({ role }) => role !== 'system')
    .slice(-TURNS_TOLD)
    .map(({ role, content }) => `${role}: ${content.slice(0, CHARS_PER_TURN)}`);
  return [
    { role: 'system', content: `${TASK} Today is ${today}.` },
    { role: 'user', content: `${told.join('\n\n')}\n\nQuery:` },
  ];
}

/**
 * The query in what a model wrote, or the user's own words when there is none. Models put quotes around it, a label
 * before it, an explanation behind it, or think aloud first.
 */
export function queryFrom(written: string, question: string): string {
  const spoken = written.replaceAll(/<think>.*?(<\/think>|$)/gs, '');
  const lines = spoken.split('\n').map(bareQuery);
  return lines.find((line) => line !== '') ?? oneLine(question);
}

function bareQuery(line: string): string {
  const text = line
    .replace(/^[\s#>*-]+/, '')
    .replace(/^(the )?((search|web) )?(query|запрос)\s*:?\**\s*:\s*/iu, '')
    .replaceAll(/[*`]/g, '');
  return oneLine(text)
    .replace(/^["'«“„]+|["'»”“]+$/gu, '')
    .trim();
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= ANSWER_LIMITS.searchQueryChars) return line;
  const cut = line.slice(0, ANSWER_LIMITS.searchQueryChars);
  return cut.includes(' ') ? cut.slice(0, cut.lastIndexOf(' ')) : cut;
}
