import {
  attachment,
  messageDetails,
  thinkSetting,
  timelineEntry,
  type Chat,
  type Message,
  type ReplyState,
  type ThinkSetting,
} from '@baton/contracts';
import { z } from 'zod';
import type { ChatRow } from './chat.entity.ts';
import type { MessageRow } from './message.entity.ts';

const storedError = z.object({ code: z.string(), say: z.string() }).nullable().catch(null);
const storedAttachments = z.array(attachment).catch([]);
const storedDetails = messageDetails.nullable().catch(null);
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
