import { CHAT_LIMITS } from '@baton/contracts';
import { z } from 'zod';

export interface BatchRequest {
  readonly custom_id?: string;
  readonly message: string;
}

export interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly why: 'not_json' | 'no_message' | 'too_long' | 'repeated_id';
}

export interface ReadBatch {
  readonly requests: readonly BatchRequest[];
  readonly faults: readonly BadLine[];
}

/** Other fields, as exports of other programs have them, are of no concern here. */
const jsonLine = z.object({
  message: z.string().trim().min(1),
  custom_id: z.string().trim().min(1).max(100).optional(),
});

/**
 * The questions in a text: one a line, or JSON Lines where its first line begins like an object. Empty lines count for
 * nothing. A line that is no question is told with its number, and the others are read all the same.
 */
export function readBatchLines(text: string): ReadBatch {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((content, index) => ({ content: content.trim(), line: index + 1 }))
    .filter(({ content }) => content !== '');
  const isJson = lines[0]?.content.startsWith('{') === true;
  const requests: BatchRequest[] = [];
  const faults: BadLine[] = [];
  const ids = new Set<string>();
  for (const { content, line } of lines) {
    const read = isJson ? readJsonLine(content) : { message: content };
    const why = typeof read === 'string' ? read : faultOf(read, ids);
    if (why !== null) faults.push({ line, why });
    else if (typeof read !== 'string') requests.push(read);
  }
  return { requests, faults };
}

function readJsonLine(content: string): BatchRequest | BadLine['why'] {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return 'not_json';
  }
  const { data } = jsonLine.safeParse(value);
  if (data === undefined) return 'no_message';
  return data.custom_id === undefined
    ? { message: data.message }
    : { message: data.message, custom_id: data.custom_id };
}

function faultOf({ message, custom_id: id }: BatchRequest, ids: Set<string>): BadLine['why'] | null {
  if (message.length > CHAT_LIMITS.messageChars) return 'too_long';
  if (id === undefined) return null;
  if (ids.has(id)) return 'repeated_id';
  ids.add(id);
  return null;
}
