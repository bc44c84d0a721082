import type { AnswerOptions, Attachment, ChatFile, MessageDetails } from '@baton/contracts';
import type { MessageRow } from './message.entity.ts';

type NewMessage = Omit<MessageRow, 'id'>;

const NOTHING_YET = {
  thinking: null,
  model: null,
  error: null,
  attachments: null,
  timeline: null,
  promptTokens: null,
  completionTokens: null,
  answerMs: null,
  rating: null,
  experimentId: null,
  options: null,
  details: null,
  attempt: 0,
  editedAt: null,
  deletedAt: null,
} as const;

export function userMessageRow(of: {
  readonly chatId: number;
  readonly parentId: number | null;
  readonly kind: MessageRow['kind'];
  readonly content: string;
  readonly attachments?: readonly Attachment[] | null;
  readonly now: number;
}): NewMessage {
  return {
    ...NOTHING_YET,
    chatId: of.chatId,
    parentId: of.parentId,
    role: 'user',
    kind: of.kind,
    content: of.content,
    attachments: of.attachments ?? null,
    state: 'done',
    createdAt: of.now,
    finishedAt: of.now,
  };
}

/** An answer in words that is still to be made, at its first attempt. */
export function replyRow(of: {
  readonly chatId: number;
  readonly parentId: number | null;
  readonly model: string;
  readonly options: AnswerOptions;
  readonly details: MessageDetails;
  readonly experimentId: number | null;
  readonly now: number;
}): NewMessage {
  const { model, options, experimentId } = of;
  const details = Object.keys(of.details).length === 0 ? null : of.details;
  return { ...imageReplyRow(of), kind: 'text', model, options, details, experimentId, attempt: 1 };
}

/** @param of.wish what was asked for beside the words, for image-service should it die before it has stored that */
export function imageReplyRow(of: {
  readonly chatId: number;
  readonly parentId: number | null;
  readonly wish?: object;
  readonly now: number;
}): NewMessage {
  return {
    ...NOTHING_YET,
    chatId: of.chatId,
    parentId: of.parentId,
    role: 'assistant',
    kind: 'image',
    content: '',
    options: of.wish ?? null,
    state: 'queued',
    createdAt: of.now,
    finishedAt: null,
  };
}

/** A message out of a file: said and done, at the time that the file names. */
export function importedRow(
  chatId: number,
  parentId: number | null,
  { role, content, thinking, model, created_at: createdAt }: ChatFile['messages'][number],
): NewMessage {
  const at = Date.parse(createdAt);
  return {
    ...NOTHING_YET,
    chatId,
    parentId,
    role,
    kind: 'text',
    content,
    thinking,
    model,
    state: 'done',
    createdAt: at,
    finishedAt: at,
  };
}
