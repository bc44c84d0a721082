import {
  answerOptions,
  attachment,
  messageDetails,
  thinkSetting,
  timelineEntry,
  type AnswerOptions,
  type Attachment,
  type Chat,
  type Message,
  type MessageDetails,
  type ReplyState,
  type ThinkSetting,
} from '@baton/contracts';
import { z } from 'zod';
import type { ChatRow } from './chat.entity.ts';
import type { MessageRow } from './message.entity.ts';

const storedError = z.object({ code: z.string(), say: z.string() }).nullable().catch(null);
const storedAttachments = z.array(attachment).catch([]);
const storedDetails = messageDetails.nullable().catch(null);
const storedOptions = answerOptions.catch({});
const storedTimeline = z.array(timelineEntry).catch([]);

export function chatView(row: ChatRow): Chat {
  return {
    id: row.id,
    title: row.title,
    kind: row.kind === 'models' ? 'models' : 'chat',
    pinned: row.pinned,
    model: row.model,
    temperature: row.temperature,
    top_p: row.topP,
    max_tokens: row.maxTokens,
    think: storedThink(row.think),
    system_prompt: row.systemPrompt,
    created_at: isoTime(row.createdAt),
    updated_at: isoTime(row.updatedAt),
  };
}

/** What was asked for beside the words. */
export function optionsOf(row: Pick<MessageRow, 'options'>): AnswerOptions {
  return storedOptions.parse(row.options ?? {});
}

export function detailsOf(row: Pick<MessageRow, 'details'>): MessageDetails {
  return storedDetails.parse(row.details) ?? {};
}

export function attachmentsOf(row: Pick<MessageRow, 'attachments'>): Attachment[] {
  return storedAttachments.parse(row.attachments ?? []);
}

const plannedSpeakers = z.object({
  participants: z.array(z.object({ system_prompt: z.string().nullable() })),
});

/** In a chat between models each has its own, which the plan keeps; in all others it is the chat's. */
export function systemPromptOf(
  chat: Pick<ChatRow, 'systemPrompt' | 'plan'>,
  details: MessageDetails,
): string | null {
  const speaker = details.speaker?.index;
  const plan = speaker === undefined ? null : plannedSpeakers.safeParse(chat.plan).data;
  if (speaker === undefined || !plan) return chat.systemPrompt;
  return plan.participants[speaker]?.system_prompt ?? null;
}

/** JSON that an older version of the code wrote differently is left out, rather than making the chat unreadable. */
export function messageView(row: MessageRow, siblings: readonly number[] = [row.id]): Message {
  return {
    id: row.id,
    chat_id: row.chatId,
    parent_id: row.parentId,
    siblings: [...siblings],
    role: row.role,
    kind: row.kind,
    content: row.content,
    thinking: row.thinking,
    model: row.model,
    state: row.state,
    error: storedError.parse(row.error),
    attachments: storedAttachments.parse(row.attachments),
    timeline: storedTimeline.parse(row.timeline),
    usage:
      row.promptTokens === null
        ? null
        : { prompt_tokens: row.promptTokens, completion_tokens: row.completionTokens ?? 0 },
    details: storedDetails.parse(row.details),
    rating: row.rating,
    created_at: isoTime(row.createdAt),
    edited_at: row.editedAt === null ? null : isoTime(row.editedAt),
    finished_at: row.finishedAt === null ? null : isoTime(row.finishedAt),
  };
}

export function storedThink(json: string | null): ThinkSetting | null {
  return json === null ? null : thinkSetting.nullable().catch(null).parse(JSON.parse(json));
}

/** The state of a reply that is under way is known to whoever makes it, and not stored. */
export function withLiveState(message: Message, live: ReplyState | undefined): Message {
  return live === undefined || message.finished_at !== null ? message : { ...message, state: live };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
