import type { ChatFile } from '@baton/contracts';
import type { FieldIssue } from '@baton/kernel';
import type { ChatRow } from './chat.entity.ts';
import type { MessageRow } from './message.entity.ts';
import { storedThink } from './views.ts';

type FileMessage = ChatFile['messages'][number];

/**
 * A conversation as a file. It holds what was said: a picture or an answer that stayed empty has no words and is left
 * out, and what followed it follows the message before.
 *
 * @param rows every branch, oldest first
 * @param shownIds the branch that is open
 */
export function chatFileOf(
  chat: ChatRow,
  rows: readonly MessageRow[],
  shownIds: ReadonlySet<number>,
  now: number,
): ChatFile {
  const messages: FileMessage[] = rows.map((row) => ({
    id: row.id,
    parent_id: row.parentId,
    role: row.role,
    content: row.content,
    thinking: row.thinking,
    model: row.model,
    created_at: isoTime(row.createdAt),
    shown: shownIds.has(row.id),
  }));
  return {
    format: 'baton-chat',
    version: 1,
    exported_at: isoTime(now),
    chat: {
      title: chat.title,
      model: chat.model,
      temperature: chat.temperature,
      top_p: chat.topP,
      max_tokens: chat.maxTokens,
      think: storedThink(chat.think),
      system_prompt: chat.systemPrompt,
    },
    messages: withWords(messages),
  };
}

/** Without messages that say nothing. Parents come before children. */
export function withWords(messages: readonly FileMessage[]): FileMessage[] {
  const keptFor = new Map<number, number | null>();
  const kept: FileMessage[] = [];
  for (const message of messages) {
    const parentId = message.parent_id === null ? null : (keptFor.get(message.parent_id) ?? null);
    const hasWords = message.content.trim() !== '';
    keptFor.set(message.id, hasWords ? message.id : parentId);
    if (hasWords) kept.push({ ...message, parent_id: parentId });
  }
  return kept;
}

/** What is wrong with a file that has the right form: ids twice, and parents that do not come before their children. */
export function issuesOf({ messages }: ChatFile): FieldIssue[] {
  const seen = new Set<number>();
  const issues: FieldIssue[] = [];
  for (const [index, { id, parent_id: parentId }] of messages.entries()) {
    if (parentId !== null && !seen.has(parentId)) {
      issues.push({
        path: `messages.${index}.parent_id`,
        message: 'must be null or the id of a message before this one',
      });
    }
    if (seen.has(id)) issues.push({ path: `messages.${index}.id`, message: 'must not be there twice' });
    seen.add(id);
    if (issues.length >= MOST_ISSUES) break;
  }
  return issues;
}

/** A file that is wrong from beginning to end needs no longer list. */
const MOST_ISSUES = 20;

/** The branch that is open, for people to read. */
export function markdownOf({ chat, messages }: ChatFile): string {
  const head = [`# ${chat.title.replaceAll(/\s+/g, ' ').trim() || 'Chat'}`];
  if (chat.system_prompt) head.push(quoted(chat.system_prompt));
  const said = messages.filter(({ shown }) => shown).map(spoken);
  return `${[...head, ...said].join('\n\n')}\n`;
}

function spoken({ role, model, content, created_at: createdAt }: FileMessage): string {
  const who = role === 'user' ? 'You' : (model ?? 'Assistant');
  const time = `${createdAt.slice(0, 10)} ${createdAt.slice(11, 16)} UTC`;
  return `## ${who} · ${time}\n\n${content.trim()}`;
}

function quoted(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

/** A name that every file system takes; the words of the title stay readable in any language. */
export function fileNameOf(title: string, chatId: number, extension: 'md' | 'json'): string {
  const name = title
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{M}\p{N} ._-]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const short = Array.from(name)
    .slice(0, NAME_CHARS)
    .join('')
    .replaceAll(/^[. ]+|[. ]+$/g, '');
  return `${short === '' ? `chat-${chatId}` : short}.${extension}`;
}

/** At four bytes a letter still below what a file name may have. */
const NAME_CHARS = 60;

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
