import { z } from 'zod';
import {
  ANSWER_LIMITS,
  answerFormat,
  messageDetails,
  taskType,
  thinkSetting,
  webSearchOption,
} from './answer.ts';
import { defineCall } from './call.ts';
import { replyState, usage } from './reply-log.ts';
import { timelineEntry } from './timeline.ts';

export const CHAT_LIMITS = {
  titleChars: 200,
  messageChars: 64_000,
  systemPromptChars: 16_000,
  searchChars: 200,
  pageSize: 100,
  /** Messages of one answer of `GET /api/chats/{id}`. */
  messagesPage: 200,
  exportedMessages: 20_000,
  /** Of all its messages together, thoughts among them (with MySQL and MariaDB bytes). */
  exportedChars: 16 * 1_048_576,
  /** Of a file that becomes a chat. */
  fileBytes: 16 * 1_048_576,
} as const;

export const id = z.int().positive();
const isoTime = z.iso.datetime();

const title = z.string().trim().min(1).max(CHAT_LIMITS.titleChars);
const modelName = z.string().trim().min(1).max(200);
const temperature = z.number().min(0).max(2);
const topP = z.number().gt(0).max(1);
const maxTokens = z.int().min(1).max(131_072);
const systemPrompt = z.string().max(CHAT_LIMITS.systemPromptChars);

export const chat = z
  .object({
    id,
    title: z.string(),
    kind: z.enum(['chat', 'models']).meta({ description: '`models`: a chat between models' }),
    pinned: z.boolean(),
    model: z
      .string()
      .nullable()
      .meta({ description: 'The model that answers; chosen before the first message' }),
    temperature: temperature.nullable(),
    top_p: topP.nullable(),
    max_tokens: maxTokens.nullable(),
    think: thinkSetting.nullable().meta({ description: 'Null: as the model does it by itself' }),
    system_prompt: z.string().nullable(),
    created_at: isoTime,
    updated_at: isoTime,
  })
  .meta({
    id: 'Chat',
    example: {
      id: 1,
      title: 'A fence, painted white',
      kind: 'chat',
      pinned: false,
      model: 'gpt-oss:20b',
      temperature: 0.7,
      top_p: null,
      max_tokens: null,
      think: null,
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
    parent_id: id
      .nullable()
      .meta({ description: 'The message that this one follows; null at the beginning' }),
    siblings: z
      .array(id)
      .meta({ description: 'All versions that follow the same message, this one among them, oldest first' }),
    role: z.enum(['user', 'assistant']),
    kind: z
      .enum(['text', 'image'])
      .meta({ description: 'What was asked for: an answer in words, or a picture' }),
    content: z.string(),
    thinking: z
      .string()
      .nullable()
      .meta({ description: 'What the model thought before it answered, where it tells' }),
    model: z.string().nullable(),
    state: replyState,
    error: z.object({ code: z.string(), say: z.string() }).nullable(),
    attachments: z.array(attachment),
    timeline: z.array(timelineEntry),
    usage: usage.nullable(),
    details: messageDetails.nullable(),
    rating: z.enum(['up', 'down']).nullable(),
    created_at: isoTime,
    edited_at: isoTime.nullable(),
    finished_at: isoTime.nullable(),
  })
  .meta({
    id: 'Message',
    example: {
      id: 2,
      chat_id: 1,
      parent_id: 1,
      siblings: [2],
      role: 'assistant',
      kind: 'text',
      content: 'Use a primer first.',
      thinking: null,
      model: 'gpt-oss:20b',
      state: 'done',
      error: null,
      attachments: [],
      timeline: [],
      usage: { prompt_tokens: 12, completion_tokens: 6 },
      details: { engine: 'ollama', instance: 'main', stop_reason: 'stop' },
      rating: null,
      created_at: '2026-11-20T10:05:00.000Z',
      edited_at: null,
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
    top_p: topP.nullish(),
    max_tokens: maxTokens.nullish(),
    think: thinkSetting.nullish(),
    system_prompt: systemPrompt.nullish(),
  })
  .meta({ id: 'CreateChat', example: { title: 'A fence, painted white', model: 'gpt-oss:20b' } });
export const updateChatBody = z
  .strictObject({
    title: title.optional(),
    pinned: z.boolean().optional(),
    model: modelName.nullish(),
    temperature: temperature.nullish(),
    top_p: topP.nullish(),
    max_tokens: maxTokens.nullish(),
    think: thinkSetting.nullish(),
    system_prompt: systemPrompt.nullish(),
  })
  .refine((body) => Object.keys(body).length > 0, { message: 'name at least one field to change' })
  .meta({ id: 'UpdateChat', example: { pinned: true } });
export const sendMessageBody = z
  .strictObject({
    content: z.string().trim().min(1).max(CHAT_LIMITS.messageChars),
    model: modelName.optional().meta({ description: 'Also becomes the model of the chat' }),
    replaces: id.optional().meta({
      description: 'A message of yours: this one becomes another version of it, in a branch of its own',
    }),
    parent_id: id
      .optional()
      .meta({ description: 'The message that this one follows; without it the end of the shown branch' }),
    task_type: taskType
      .optional()
      .meta({ description: 'Lets Baton choose the model, for this message only' }),
    think: thinkSetting.optional().meta({ description: 'For this message only' }),
    format: answerFormat.optional(),
    image_ids: z
      .array(id)
      .min(1)
      .max(ANSWER_LIMITS.imagesPerMessage)
      .optional()
      .meta({ description: 'Pictures that the model is shown: ids of your uploads or generated images' }),
    web_search: webSearchOption.optional(),
    engine: z
      .enum(['auto', 'local'])
      .optional()
      .meta({ description: '`local`: the CPU engine answers, without waiting for the GPU' }),
  })
  .refine((body) => body.replaces === undefined || body.parent_id === undefined, {
    path: ['parent_id'],
    message: 'name either replaces or parent_id',
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
  .object({
    chat,
    messages: z.array(message),
    previous_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass it as `before` for the messages before these; null at the beginning' }),
  })
  .meta({ id: 'ChatWithMessages' });
export const getChatQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(CHAT_LIMITS.messagesPage).default(100),
  /** The `previous_cursor` of the page before. */
  before: z.string().max(200).optional(),
});
export const editMessageBody = z
  .strictObject({ content: z.string().trim().min(1).max(CHAT_LIMITS.messageChars) })
  .meta({ id: 'EditMessage', example: { content: 'How do I paint a wooden fence?' } });
export const regenerateBody = z
  .strictObject({
    model: modelName.optional(),
    engine: z.enum(['auto', 'local', 'gpu']).optional(),
    think: thinkSetting.optional(),
  })
  .meta({ id: 'Regenerate', example: { engine: 'gpu' } });
export const rateMessageBody = z
  .strictObject({ rating: z.enum(['up', 'down']).nullable() })
  .meta({ id: 'RateMessage', example: { rating: 'up' } });
export const exportChatQuery = z.strictObject({ format: z.enum(['markdown', 'json']).default('markdown') });

/** A conversation as a file of our own: what `GET /api/chats/{id}/export?format=json` writes and import reads. */
export const chatFile = z
  .object({
    format: z.literal('baton-chat'),
    version: z.literal(1),
    exported_at: isoTime,
    chat: z.object({
      title: z.string().max(CHAT_LIMITS.titleChars),
      model: modelName.nullable(),
      temperature: temperature.nullable(),
      top_p: topP.nullable(),
      max_tokens: maxTokens.nullable(),
      think: thinkSetting.nullable(),
      system_prompt: systemPrompt.nullable(),
    }),
    /** Every branch; parents before children, `id` and `parent_id` count within the file only. */
    messages: z
      .array(
        z.object({
          id,
          parent_id: id.nullable(),
          role: z.enum(['user', 'assistant']),
          content: z.string().max(1_000_000),
          thinking: z.string().max(1_000_000).nullable(),
          model: z.string().max(200).nullable(),
          created_at: isoTime,
          shown: z.boolean().meta({ description: 'Whether it is part of the branch that was open' }),
        }),
      )
      .max(CHAT_LIMITS.exportedMessages),
  })
  .meta({ id: 'ChatFile' });
export type ChatFile = z.infer<typeof chatFile>;
export const chatExport = z.object({
  file_name: z.string(),
  media_type: z.enum(['text/markdown', 'application/json']),
  text: z.string(),
});

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
  request: z.object({
    userId: id,
    chatId: id,
    limit: z.int().min(1).max(CHAT_LIMITS.messagesPage).optional(),
    before: z.string().max(200).optional(),
  }),
  reply: chatWithMessages,
  timeoutMs: 5_000,
});
export const exportChat = defineCall('chat.export', {
  request: z.object({ userId: id, chatId: id, format: z.enum(['markdown', 'json']) }),
  reply: chatExport,
  timeoutMs: 20_000,
});
export const importChat = defineCall('chat.import', {
  request: z.object({ userId: id, file: chatFile }),
  reply: chat,
  timeoutMs: 20_000,
});
/** Changes the words of a message that is not being written; the branch stays as it is. */
export const editMessage = defineCall('message.edit', {
  request: z.object({ userId: id, chatId: id, messageId: id, body: editMessageBody }),
  reply: message,
  timeoutMs: 5_000,
});
/** Takes one message away; what followed it follows the message before. One that is being written is stopped first. */
export const deleteMessage = defineCall('message.delete', {
  request: z.object({ userId: id, chatId: id, messageId: id }),
  /** The kind: pictures that are still being made are stopped by whoever asks. */
  reply: z.object({ deleted: z.literal(true), kind: z.enum(['text', 'image']) }),
  timeoutMs: 10_000,
});
/** Shows the branch that this message is on, down to its newest end. */
export const selectMessage = defineCall('message.select', {
  request: z.object({ userId: id, chatId: id, messageId: id }),
  reply: chatWithMessages,
  timeoutMs: 5_000,
});
export const rateMessage = defineCall('message.rate', {
  request: z.object({ userId: id, chatId: id, messageId: id, body: rateMessageBody }),
  reply: message,
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
/** Answers the same question again: another version beside the old answer, which stays. */
export const regenerateReply = defineCall('reply.regenerate', {
  request: z.object({ userId: id, chatId: id, messageId: id, body: regenerateBody.optional() }),
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
/** Stops all of a user's replies, or those of one chat; answers when their ends are stored. */
export const cancelReplies = defineCall('reply.cancel_all', {
  request: z.object({ userId: id, chatId: id.optional() }),
  reply: z.object({ stopped: z.array(message) }),
  timeoutMs: 20_000,
});
/** A reply that still waits for the GPU is answered by the CPU engine instead, under the same id. */
export const answerNow = defineCall('reply.answer_now', {
  request: z.object({ userId: id, replyId: id }),
  reply: message,
  timeoutMs: 10_000,
});
export const listModels = defineCall('model.list', {
  request: z.object({}),
  reply: modelList,
  timeoutMs: 12_000,
});

/** Image-service's own words, kept with a message until image-service has stored the request itself. */
const imageWishKept = z.record(z.string(), z.unknown());

/**
 * For image-service: the two messages of an image request, in the user's chat; without one in one of their own, that is
 * hidden unless `isListed`.
 */
export const addImageMessages = defineCall('chat.add_image_messages', {
  request: z.object({
    userId: id,
    chatId: id.nullable(),
    isListed: z.boolean().default(false),
    description: z.string().min(1),
    wish: imageWishKept
      .default({})
      .meta({ description: 'All else that was asked for; chat-service keeps it and does not look inside' }),
  }),
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

/** For image-service: which of these messages are gone for good, or belong to a deleted chat, so that pictures go with them. */
export const listGoneMessages = defineCall('chat.gone_messages', {
  request: z.object({ messageIds: z.array(id).max(500) }),
  reply: z.object({ gone: z.array(id) }),
  timeoutMs: 5_000,
});

/** For image-service: nothing is left of these requests. Those in chats that a person sees stay all the same. */
export const forgetImageMessages = defineCall('chat.forget_image_messages', {
  request: z.object({ messageIds: z.array(id).max(500) }),
  reply: z.object({ forgotten: z.int().nonnegative() }),
  timeoutMs: 5_000,
});

/** For image-service: image messages that have not ended, so that none is forgotten when image-service dies. */
export const listOpenImageMessages = defineCall('chat.open_image_messages', {
  request: z.object({}),
  reply: z.object({
    messages: z.array(
      z.object({
        messageId: id,
        userId: id,
        chatId: id,
        hasChat: z
          .boolean()
          .default(true)
          .meta({ description: 'False for a request without a chat: that id is of a hidden one' }),
        description: z.string(),
        wish: imageWishKept.default({}),
      }),
    ),
  }),
  timeoutMs: 5_000,
});
