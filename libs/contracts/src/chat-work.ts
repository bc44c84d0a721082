import { z } from 'zod';
import {
  ANSWER_LIMITS,
  answerFormat,
  source,
  routing,
  taskType,
  thinkSetting,
  webSearchOption,
} from './answer.ts';
import { defineCall } from './call.ts';
import { serverId, taskModels } from './chat-models.ts';
import { CHAT_LIMITS, chat, id, message, modelList, modelView, sentMessage } from './chat-service.ts';
import { usage } from './reply-log.ts';

/** The older routes under `/api/chat/`: one question without a chat, chats between models, batches, sessions. */

export const WORK_LIMITS = { models: 6, turns: 50, batchItems: 1_000, openBatches: 10 } as const;

const text = z.string().trim().min(1).max(CHAT_LIMITS.messageChars);
const name = z.string().trim().min(1).max(200);
const temperature = z.number().min(0).max(2);
const systemPrompt = z.string().max(CHAT_LIMITS.systemPromptChars);

export const askBody = z
  .strictObject({
    message: text,
    task_type: taskType.optional(),
    model: name.nullish().meta({ description: 'Wins over task_type' }),
    temperature: temperature.nullish(),
    top_p: z.number().gt(0).max(1).nullish(),
    max_tokens: z.int().min(1).max(131_072).nullish(),
    system_prompt: systemPrompt.nullish(),
    think: thinkSetting.optional(),
    format: answerFormat.optional(),
    stream: z.boolean().default(false).meta({ description: 'True: server-sent events, as of a reply' }),
    pair: z
      .boolean()
      .default(false)
      .meta({ description: 'Two models: one plans, the other writes by that plan' }),
    session_id: id.optional().meta({
      description:
        'A session of yours: the question is asked in it; temperature, top_p, max_tokens and system_prompt become its own',
    }),
    web_search: webSearchOption.optional(),
    use_cache: z.boolean().default(true),
  })
  .refine((body) => !body.pair || body.session_id === undefined, {
    path: ['pair'],
    message: 'works without a session: the planner knows the question alone',
  })
  .meta({
    id: 'Ask',
    example: { message: 'Write a function that adds two numbers', task_type: 'code_generation' },
  });
export type AskBody = z.infer<typeof askBody>;
export const askAnswer = z
  .object({
    response: z.string(),
    model: z.string(),
    task_type: taskType.nullable(),
    duration_ms: z.int().nonnegative(),
    task_id: id.meta({ description: 'For POST /api/chat/cancel/{task_id}' }),
    routing: routing.nullable(),
    cached: z.boolean(),
    plan: z
      .object({ model: z.string(), text: z.string() })
      .nullable()
      .meta({ description: 'With `pair`: who planned, and the plan' }),
    sources: z.array(source),
    search_query: z.string().nullable(),
    usage: usage.nullable(),
  })
  .meta({ id: 'AskAnswer' });
export type AskAnswer = z.infer<typeof askAnswer>;
/**
 * Takes the question in; its answer is the reply with that id. With `pair` the first reply is the plan; asked again with
 * the id of that, the second is the answer.
 *
 * @throws `reply.not_found` for a plan that is not the caller's, `request.invalid` for one that is not done
 */
export const ask = defineCall('ask.begin', {
  request: z.object({ userId: id, body: askBody, planReplyId: id.optional() }),
  reply: sentMessage,
  timeoutMs: 10_000,
});

export const searchBody = z
  .strictObject({
    message: text,
    chat_id: id.optional(),
    model: name.nullish(),
    query: z
      .string()
      .trim()
      .min(1)
      .max(ANSWER_LIMITS.searchQueryChars)
      .optional()
      .meta({ description: 'Searched for as it is; without it the model writes the query' }),
    stream: z.boolean().default(false),
  })
  .meta({ id: 'SearchChat', example: { message: 'What is new in Node.js?' } });
export type SearchBody = z.infer<typeof searchBody>;

/** Without an id: all of the caller's answers, in whatever chat. */
export const cancelBody = z
  .strictObject({ chat_id: id.optional(), session_id: id.optional() })
  .refine((body) => body.chat_id === undefined || body.session_id === undefined, {
    path: ['session_id'],
    message: 'name either chat_id or session_id, which are the same',
  })
  .meta({ id: 'Cancel', example: { session_id: 1 } });
export type CancelBody = z.infer<typeof cancelBody>;

export const multiModelBody = z
  .strictObject({
    models: z.array(name).min(2).max(WORK_LIMITS.models),
    initial_message: text,
    system_prompts: z
      .record(z.string(), systemPrompt)
      .default({})
      .meta({ description: 'By model name, or by place (`0`, `1`, …) where a model takes part twice' }),
    max_turns: z.int().min(1).max(WORK_LIMITS.turns).default(10),
    order: z.enum(['fewest_changes', 'in_turn']).default('fewest_changes').meta({
      description: 'Who speaks next: as it costs the fewest model changes, or strictly one after the other',
    }),
    title: z.string().trim().min(1).max(CHAT_LIMITS.titleChars).optional(),
    stream: z.boolean().default(false),
  })
  .meta({
    id: 'MultiModel',
    example: {
      models: ['llama3:8b', 'qwen3:8b'],
      initial_message: 'Begin a dialogue about bridges',
      system_prompts: { 'llama3:8b': 'You are an engineer', 'qwen3:8b': 'You are a poet' },
      max_turns: 6,
    },
  });
export type MultiModelBody = z.infer<typeof multiModelBody>;
/** A chat between models: every turn is a message of the chat; events of each come under its own id. */
export const dialogue = z
  .object({
    chat,
    state: z.enum(['running', 'done', 'stopped', 'failed']),
    turns: z.int().nonnegative(),
    max_turns: z.int().positive(),
    participants: z.array(
      z.object({ index: z.int().nonnegative(), model: z.string(), system_prompt: z.string().nullable() }),
    ),
    current_reply_id: id.nullable(),
    error_code: z.string().nullable(),
  })
  .meta({ id: 'Dialogue' });
export type Dialogue = z.infer<typeof dialogue>;
export const startDialogue = defineCall('dialogue.start', {
  request: z.object({ userId: id, body: multiModelBody }),
  reply: dialogue,
  timeoutMs: 10_000,
});
export const getDialogue = defineCall('dialogue.get', {
  request: z.object({ userId: id, chatId: id }),
  reply: dialogue,
  timeoutMs: 5_000,
});
/** The first turn after a message (0 is the beginning), or null while there is none; and whether more may come. */
export const dialogueTurn = z.object({ turn: message.nullable(), dialogue });
export const readDialogueTurn = defineCall('dialogue.turn', {
  request: z.object({ userId: id, chatId: id, after: z.int().nonnegative() }),
  reply: dialogueTurn,
  timeoutMs: 5_000,
});
/** Goes on where one that was stopped or has failed ended: that turn is made again. */
export const resumeDialogue = defineCall('dialogue.resume', {
  request: z.object({ userId: id, chatId: id }),
  reply: dialogue,
  timeoutMs: 10_000,
});
/** Resolves when the turn under way has ended and no further one begins. */
export const stopDialogue = defineCall('dialogue.stop', {
  request: z.object({ userId: id, chatId: id }),
  reply: dialogue,
  timeoutMs: 10_000,
});

export const batchBody = z
  .strictObject({
    requests: z
      .array(z.strictObject({ custom_id: z.string().trim().min(1).max(100).optional(), message: text }))
      .min(1)
      .max(WORK_LIMITS.batchItems),
    model: name.nullish(),
    task_type: taskType.optional(),
    temperature: temperature.nullish(),
    max_tokens: z.int().min(1).max(131_072).nullish(),
    system_prompt: systemPrompt.nullish(),
    format: answerFormat.optional(),
    title: z.string().trim().min(1).max(CHAT_LIMITS.titleChars).optional(),
  })
  .meta({ id: 'NewBatch', example: { requests: [{ custom_id: 'a', message: 'Two words for blue' }] } });
export const batch = z
  .object({
    id,
    title: z.string(),
    state: z.enum(['running', 'done', 'cancelled']),
    model: z.string(),
    total: z.int().positive(),
    done: z.int().nonnegative(),
    failed: z.int().nonnegative(),
    cancelled: z.int().nonnegative().meta({ description: 'Will not be answered any more' }),
    running: z.int().nonnegative(),
    usage,
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Batch' });
export type Batch = z.infer<typeof batch>;
/** One line of the results. */
export const batchLine = z
  .object({
    index: z.int().nonnegative(),
    custom_id: z.string().nullable(),
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    response: z.string().nullable(),
    model: z.string().nullable(),
    usage: usage.nullable(),
    error: z.object({ code: z.string(), say: z.string() }).nullable(),
  })
  .meta({ id: 'BatchLine' });
export type BatchLine = z.infer<typeof batchLine>;
export const batchList = z.object({ batches: z.array(batch) }).meta({ id: 'BatchList' });
export const deletedBatch = z.object({ deleted: z.literal(true) });
export const createBatch = defineCall('batch.create', {
  request: z.object({ userId: id, body: batchBody }),
  reply: batch,
  timeoutMs: 20_000,
});
export const listBatches = defineCall('batch.list', {
  request: z.object({ userId: id }),
  reply: batchList,
  timeoutMs: 5_000,
});
export const getBatch = defineCall('batch.get', {
  request: z.object({ userId: id, batchId: id }),
  reply: batch,
  timeoutMs: 5_000,
});
export const cancelBatch = defineCall('batch.cancel', {
  request: z.object({ userId: id, batchId: id }),
  reply: batch,
  timeoutMs: 20_000,
});
export const deleteBatch = defineCall('batch.delete', {
  request: z.object({ userId: id, batchId: id }),
  reply: deletedBatch,
  timeoutMs: 20_000,
});
/** A page of results in the order of the requests. */
export const readBatchLines = defineCall('batch.lines', {
  request: z.object({ userId: id, batchId: id, after: z.int().min(-1), limit: z.int().min(1).max(200) }),
  reply: z.object({ lines: z.array(batchLine), isLast: z.boolean() }),
  timeoutMs: 10_000,
});

/** Opens a stream of a chat between models, and ends it: then it does not run any more. */
export const dialogueEvent = z.object({ type: z.literal('dialogue'), dialogue });
/** A turn begins: the events that follow carry its `reply_id`. */
export const turnEvent = z.object({ type: z.literal('turn'), reply: message });
/** Part of the plan of a pair, to be added to what came before. */
export const planEvent = z.object({ type: z.literal('plan'), text: z.string() });

/** The models that can answer, and which of them answers what kind of work. */
export const askModels = modelList
  .extend({
    models: z.array(
      modelView.extend({
        server: serverId.nullable().meta({ description: 'Where it is used first' }),
        max_concurrent: z.int().positive().nullable(),
        available: z.boolean(),
      }),
    ),
    tasks: taskModels.shape.tasks,
    pair: taskModels.shape.pair,
  })
  .meta({ id: 'AskModels' });
export type AskModels = z.infer<typeof askModels>;

/** A session is a chat: it is kept, and it is in the list. */
export const sessionBody = z
  .strictObject({ title: z.string().trim().min(1).max(CHAT_LIMITS.titleChars).optional() })
  .meta({ id: 'NewSession', example: { title: 'My chat' } });
export const chatSession = z
  .object({
    session_id: id,
    title: z.string(),
    created_at: z.iso.datetime(),
    messages: z.array(message).meta({ description: 'The newest of the shown branch, oldest first' }),
  })
  .meta({ id: 'ChatSession' });
export type ChatSession = z.infer<typeof chatSession>;
