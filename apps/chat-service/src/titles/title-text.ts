import type { EngineMessage } from '../engines/chat-engine.ts';
import { titleFrom } from '../chats/title.ts';

/** Of each side, enough to know what a conversation is about. */
const EXCERPT_CHARS = 600;

/** What a model is asked for a title: the conversation's own language comes from the conversation. */
export function titlePrompt(question: string, answer: string): EngineMessage[] {
  return [
    {
      role: 'system',
      content:
        'You name conversations for a list. Answer with the name and nothing else: two to six words, ' +
        'in the language of the question, without quotation marks and without a full stop.',
    },
    {
      role: 'user',
      content: `Question:\n${excerpt(question)}\n\nAnswer:\n${excerpt(answer)}\n\nName of this conversation:`,
    },
  ];
}

function excerpt(text: string): string {
  const chars = Array.from(text.trim());
  return chars.length <= EXCERPT_CHARS ? chars.join('') : `${chars.slice(0, EXCERPT_CHARS).join('')}…`;
}

/** What models put around a title although they were asked not to. */
const HEADING = /^(?:#+\s*|[*_]{1,3}\s*)*(?:(?:title|name|название|заголовок|тема)\s*[:：—-]\s*)?/iu;
const AROUND = /^[\s"'«»„“”‘’`*_#]+|[\s"'«»„“”‘’`*_]+$/gu;

/** One line of at most 60 characters; empty when there is nothing usable in what the model said. */
export function titleOf(said: string): string {
  const line = said.split(/\r?\n/).find((text) => /[\p{L}\p{N}]/u.test(text)) ?? '';
  const bare = line.replace(AROUND, '').replace(HEADING, '').replace(AROUND, '');
  return titleFrom(bare.replace(/(?<!\.)[.。]+$/u, '')).replace(AROUND, '');
}
