import { z } from 'zod';
import { defineCall } from './call.ts';
import { replyState, usage } from './reply-log.ts';
import { timelineEntry } from './timeline.ts';

export const CHAT_LIMITS = {
  titleChars: 200,
  messageChars: 64_000,
  systemPromptChars: 16_000,
  searchChars: 200,
  pageSize: 100,
} as const;

export const id = z.int().positive();
const isoTime = z.iso.datetime();

const title = z.string().trim().min(1).max(CHAT_LIMITS.titleChars);
const modelName = z.string().trim().min(1).max(200);
const temperature = z.number().min(0).max(2);
const maxTokens = z.int().min(1).max(131_072);
const systemPrompt = z.string().max(CHAT_LIMITS.systemPromptChars);

export const chat = z
  .object({
    id,
    title: z.string(),
    pinned: z.boolean(),
    model: z
      .string()
      .nullable()
      .meta({ description: 'The model that answers; chosen before the first message' }),
    temperature: temperature.nullable(),
    max_tokens: maxTokens.nullable(),
    system_prompt: z.string().nullable(),
    created_at: isoTime,
    updated_at: isoTime,
  })
  .meta({
    id: 'Chat',
    example: {
      id: 1,
      title: 'A fence, painted white',
      pinned: false,
      model: 'gpt-oss:20b',
      temperature: 0.7,
      max_tokens: null,
      system_prompt: null,
      created_at: '2026-11-20T10:00:00.000Z',
      updated_at: '2026-11-20T10:05:00.000Z',
    },
  });
export type Chat = z.infer<typeof chat>;

export const attachment = z.object({ image_id: id, width: z.int().positive(), height: z.int().positive() });
export type Attachment = z.infer<typeof attachment>;

export const message = z
  .object({
    id,
    chat_id: id,
    role: z.enum(['user', 'assistant']),
    kind: z
      .enum(['text', 'image'])
      .meta({ description: 'What was asked for: an answer in words, or a picture' }),
    content: z.string(),
    model: z.string().nullable(),
    state: replyState,
    error: z.object({ code: z.string(), say: z.string() }).nullable(),
    attachments: z.array(attachment),
    timeline: z.array(timelineEntry),
    usage: usage.nullable(),
    created_at: isoTime,
    finished_at: isoTime.nullable(),
  })
  .meta({
    id: 'Message',
    example: {
      id: 2,
      chat_id: 1,
      role: 'assistant',
      kind: 'text',
      content: 'Use a primer first.',
      model: 'gpt-oss:20b',
      state: 'done',
      error: null,
      attachments: [],
      timeline: [],
      usage: { prompt_tokens: 12, completion_tokens: 6 },
      created_at: '2026-11-20T10:05:00.000Z',
      finished_at: '2026-11-20T10:05:02.000Z',
    },
  });
export type Message = z.infer<typeof message>;

/** Bodies of the public routes: strict, so that a misspelt field is an error and not a silent nothing. */
export const createChatBody = z
  .strictObject({
    title: title.optional(),
    model: modelName.nullish(),
    temperature: temperature.nullish(),
    max_tokens: maxTokens.nullish(),
    system_prompt: systemPrompt.nullish(),
  })
  .meta({ id: 'CreateChat', example: { title: 'A fence, painted white', model: 'gpt-oss:20b' } });
export const updateChatBody = z
  .strictObject({
    title: title.optional(),
    pinned: z.boolean().optional(),
    model: modelName.nullish(),
    temperature: temperature.nullish(),
    max_tokens: maxTokens.nullish(),
    system_prompt: systemPrompt.nullish(),
  })
  .refine((body) => Object.keys(body).length > 0, { message: 'name at least one field to change' })
  .meta({ id: 'UpdateChat', example: { pinned: true } });
export const sendMessageBody = z
  .strictObject({
    content: z.string().trim().min(1).max(CHAT_LIMITS.messageChars),
    model: modelName.optional().meta({ description: 'Also becomes the model of the chat' }),
  })
  .meta({ id: 'SendMessage', example: { content: 'How do I paint a fence?', model: 'gpt-oss:20b' } });
export type CreateChatBody = z.infer<typeof createChatBody>;
export type UpdateChatBody = z.infer<typeof updateChatBody>;
export type SendMessageBody = z.infer<typeof sendMessageBody>;

export const listChatsQuery = z.strictObject({
  q: z.string().trim().min(1).max(CHAT_LIMITS.searchChars).optional(),
  limit: z.coerce.number().int().min(1).max(CHAT_LIMITS.pageSize).default(50),
  /** The `next_cursor` of the page before. */
  cursor: z.string().max(200).optional(),
});
export const chatPage = z
  .object({ chats: z.array(chat), next_cursor: z.string().nullable() })
  .meta({ id: 'ChatPage' });
export const chatWithMessages = z
  .object({ chat, messages: z.array(message) })
  .meta({ id: 'ChatWithMessages' });
/** A message was taken in: read `GET /api/replies/{reply.id}/events` for the answer. */
export const sentMessage = z.object({ message, reply: message }).meta({ id: 'SentMessage' });
export type SentMessage = z.infer<typeof sentMessage>;

export const modelView = z
  .object({
    model: z.string(),
    size_bytes: z.int().nonnegative(),
    parameter_size: z.string().nullable(),
    capabilities: z.array(z.string()),
    is_default: z.boolean(),
  })
  .meta({ id: 'Model' });
export const modelList = z
  .object({ models: z.array(modelView), default_model: z.string(), simulated: z.boolean() })
  .meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof modelList>;

export const listChats = defineCall('chat.list', {
  request: listChatsQuery.extend({ userId: id }),
  reply: chatPage,
  timeoutMs: 5_000,
});
export const createChat = defineCall('chat.create', {
  request: z.object({ userId: id, chat: createChatBody }),
  reply: chat,
  timeoutMs: 5_000,
});
export const getChat = defineCall('chat.get', {
  request: z.object({ userId: id, chatId: id }),
  reply: chatWithMessages,
  timeoutMs: 5_000,
});
export const updateChat = defineCall('chat.update', {
  request: z.object({ userId: id, chatId: id, changes: updateChatBody }),
  reply: chat,
  timeoutMs: 5_000,
});
export const deleteChat = defineCall('chat.delete', {
  request: z.object({ userId: id, chatId: id }),
  reply: z.object({ deleted: z.literal(true) }),
  timeoutMs: 5_000,
});
/** Stores the message and an assistant message in state `queued`, then asks for the GPU. */
export const sendMessage = defineCall('chat.send', {
  request: z.object({ userId: id, chatId: id, body: sendMessageBody }),
  reply: sentMessage,
  timeoutMs: 10_000,
});
/** Answers the last user message of the chat again; the old answer, if any, is replaced. */
export const regenerateReply = defineCall('reply.regenerate', {
  request: z.object({ userId: id, chatId: id, messageId: id }),
  reply: message,
  timeoutMs: 10_000,
});
/** The assistant message, for its owner; `reply.not_found` for everybody else. */
export const getReply = defineCall('reply.get', {
  request: z.object({ userId: id, replyId: id }),
  reply: message,
  timeoutMs: 5_000,
});
/** Stops a reply in whatever state it is. One that has already ended stays as it is. */
export const cancelReply = defineCall('reply.cancel', {
  request: z.object({ userId: id, replyId: id }),
  reply: message,
  timeoutMs: 10_000,
});
export const listModels = defineCall('model.list', {
  request: z.object({}),
  reply: modelList,
  timeoutMs: 12_000,
});

/** For image-service: the two messages of an image request, in the user's chat. */
export const addImageMessages = defineCall('chat.add_image_messages', {
  request: z.object({ userId: id, chatId: id, description: z.string().min(1) }),
  reply: sentMessage,
  timeoutMs: 5_000,
});
/** For image-service: how an image message ended. Idempotent: an ended message stays as it is. */
export const finishImageMessage = defineCall('chat.finish_image_message', {
  request: z.object({
    messageId: id,
    state: z.enum(['done', 'failed', 'cancelled']),
    error: z.object({ code: z.string(), say: z.string() }).nullable(),
    attachments: z.array(attachment),
    timeline: z.array(timelineEntry),
  }),
  reply: z.object({ stored: z.boolean() }),
  timeoutMs: 5_000,
});

/** For image-service: image messages that have not ended, so that none is forgotten when image-service dies. */
export const listOpenImageMessages = defineCall('chat.open_image_messages', {
  request: z.object({}),
  reply: z.object({
    messages: z.array(z.object({ messageId: id, userId: id, chatId: id, description: z.string() })),
  }),
  timeoutMs: 5_000,
});
