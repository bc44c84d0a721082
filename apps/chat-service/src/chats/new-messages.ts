import type { MessageRow } from './message.entity.ts';
import { fold } from './search-text.ts';

type NewMessage = Omit<MessageRow, 'id'>;

const NOTHING_YET = {
  model: null,
  error: null,
  attachments: null,
  timeline: null,
  promptTokens: null,
  completionTokens: null,
  attempt: 0,
  deletedAt: null,
} as const;

export function userMessageRow(of: {
  readonly chatId: number;
  readonly kind: MessageRow['kind'];
  readonly content: string;
  readonly now: number;
}): NewMessage {
  return {
    ...NOTHING_YET,
    chatId: of.chatId,
    role: 'user',
    kind: of.kind,
    content: of.content,
    searchText: fold(of.content),
    state: 'done',
    createdAt: of.now,
    finishedAt: of.now,
  };
}

/** An answer in words that is still to be made, at its first attempt. */
export function replyRow(chatId: number, model: string, now: number): NewMessage {
  return { ...imageReplyRow(chatId, now), kind: 'text', model, attempt: 1 };
}

export function imageReplyRow(chatId: number, now: number): NewMessage {
  return {
    ...NOTHING_YET,
    chatId,
    role: 'assistant',
    kind: 'image',
    content: '',
    searchText: '',
    state: 'queued',
    createdAt: now,
    finishedAt: null,
  };
}
