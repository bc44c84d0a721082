import { z } from 'zod';

/** How an answer is asked for and what is known of it afterwards: shared by chats, one-shot questions and batches. */

/** `true` and `false` for models that can only do or not do it; a level for those that know levels. */
export const thinkSetting = z.union([z.boolean(), z.enum(['low', 'medium', 'high'])]);
export type ThinkSetting = z.infer<typeof thinkSetting>;

/** What kind of work it is, for whoever leaves the choice of the model to Baton. */
export const taskType = z.enum([
  'code_generation',
  'code_analysis',
  'reasoning',
  'general_chat',
  'planning',
  'text_generation',
]);
export type TaskType = z.infer<typeof taskType>;

/** What answers: the GPU node's Ollama or another one, the CPU engine, or an answer given before. */
export const answerEngine = z.enum(['ollama', 'local', 'cache']);
export type AnswerEngine = z.infer<typeof answerEngine>;

export const ANSWER_LIMITS = { imagesPerMessage: 4, formatChars: 16_000, searchQueryChars: 400 } as const;

/** `json` is any JSON; else a JSON Schema (an object) that the answer follows. */
export const answerFormat = z
  .union([z.literal('json'), z.record(z.string(), z.unknown())])
  .refine((format) => JSON.stringify(format).length <= ANSWER_LIMITS.formatChars, {
    message: `must not be longer than ${ANSWER_LIMITS.formatChars} characters`,
  })
  .meta({ description: '`json`, or a JSON Schema that the answer must follow' });
export type AnswerFormat = z.infer<typeof answerFormat>;

/** True: the model writes the query. An object with `query`: that one is used as it is. */
export const webSearchOption = z.union([
  z.boolean(),
  z.strictObject({ query: z.string().trim().min(1).max(ANSWER_LIMITS.searchQueryChars) }),
]);
export type WebSearchOption = z.infer<typeof webSearchOption>;

/** What somebody asked for beside the words; stored with the reply, so that the next process can make it as well. */
export const answerOptions = z.object({
  task_type: taskType.optional(),
  think: thinkSetting.optional(),
  format: answerFormat.optional(),
  image_ids: z.array(z.int().positive()).max(ANSWER_LIMITS.imagesPerMessage).optional(),
  web_search: webSearchOption.optional(),
  /** The answer follows a plan: the reply that holds it, in a hidden chat of the same user. */
  plan_reply_id: z.int().positive().optional(),
  /** `local`: the CPU engine answers, without waiting for the GPU. `gpu`: not the CPU engine and not the cache. */
  engine: z.enum(['auto', 'local', 'gpu']).optional(),
  /** False: no answer from the cache; asking again means that another answer is wanted. */
  use_cache: z.boolean().optional(),
  /** How urgent the work is for the GPU; see `gpuJob.urgency`. */
  urgency: z.enum(['interactive', 'background']).optional(),
});
export type AnswerOptions = z.infer<typeof answerOptions>;

/** A page of the web that an answer rests on. `n` is how the text cites it: `[1]`. */
export const source = z
  .object({ n: z.int().positive(), title: z.string(), url: z.url(), snippet: z.string() })
  .meta({ id: 'Source' });
export type Source = z.infer<typeof source>;

/** "Asked for X, answered by Y because Z". */
export const routing = z
  .object({
    asked: z.string().meta({ description: 'A model or a task type' }),
    answered: z.string().meta({ description: 'The model that answers' }),
    because: z.enum([
      'task_type',
      'capability_fallback',
      'default_model',
      'instance_down',
      'experiment',
      'answered_on_cpu',
      'planned_by_pair',
    ]),
  })
  .meta({ id: 'Routing' });
export type Routing = z.infer<typeof routing>;

export const answerTimings = z.object({
  /** As the engine tells them; null where it does not. */
  load_ms: z.int().nonnegative().nullable(),
  prompt_ms: z.int().nonnegative().nullable(),
  answer_ms: z.int().nonnegative().nullable(),
});
export type AnswerTimings = z.infer<typeof answerTimings>;

/** All that is told about how an answer came to be. Everything may be missing: it grew over time. */
export const messageDetails = z
  .object({
    engine: answerEngine.nullish(),
    instance: z
      .string()
      .nullish()
      .meta({ description: 'Which server answered: the id from `GET /api/models/servers`' }),
    stop_reason: z
      .enum(['stop', 'length'])
      .nullish()
      .meta({ description: '`length`: cut by max_tokens or the context' }),
    timings: answerTimings.nullish(),
    thought_ms: z
      .int()
      .nonnegative()
      .nullish()
      .meta({ description: 'From the first word of its thoughts to the first of its answer' }),
    routing: routing.nullish(),
    truncation: z
      .object({
        left_out: z
          .int()
          .nonnegative()
          .meta({ description: 'Messages of the chat that the model was not told' }),
        is_question_long: z.boolean().optional().meta({
          description:
            'The question alone is about as long as all that the model can read, or longer: it may have been told a part of it',
        }),
        kept: z.int().nonnegative(),
        context_tokens: z.int().positive(),
      })
      .nullish(),
    sources: z.array(source).nullish(),
    search_query: z.string().nullish(),
    receipt: z
      .object({
        idle_ms: z.int().nonnegative().meta({
          description: 'From pressing Stop until the engine had nothing to do for this answer any more',
        }),
        returned_ms: z
          .int()
          .nonnegative()
          .nullable()
          .meta({ description: 'GPU time that was expected for the rest and went back to the queue' }),
      })
      .nullish(),
    failures: z
      .array(z.object({ code: z.string(), instance: z.string().nullable() }))
      .nullish()
      .meta({ description: 'Attempts that failed before the one that counts, oldest first' }),
    think: thinkSetting.nullish(),
    format: z.enum(['json', 'schema']).nullish(),
    speaker: z
      .object({ index: z.int().nonnegative(), model: z.string() })
      .nullish()
      .meta({ description: 'Who speaks, in a chat between models' }),
    experiment_id: z.int().positive().nullish(),
  })
  .meta({ id: 'MessageDetails' });
export type MessageDetails = z.infer<typeof messageDetails>;
