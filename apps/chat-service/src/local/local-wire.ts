import { answerFormat, thinkSetting } from '@baton/contracts';
import { z } from 'zod';

/**
 * What chat-service and the process with the CPU engine say to each other. Both are of one build, but a native library lives
 * in one of them, so each parses what the other sends.
 */

const askId = z.int().positive();
const ms = z.int().nonnegative();

/** How the model is held. */
export const localModelSettings = z.object({
  modelPath: z.string(),
  contextLength: z.int().positive(),
  threads: z.int().positive(),
  /** Answers at the same time; each takes memory for a context of its own. */
  sequences: z.int().positive(),
});
export type LocalModelSettings = z.infer<typeof localModelSettings>;

export const localQuestion = z.object({
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(1),
  temperature: z.number().nullable(),
  topP: z.number().nullable(),
  maxTokens: z.int().positive().nullable(),
  seed: z.int().nonnegative().nullable(),
  think: thinkSetting.nullable(),
  format: answerFormat.nullable(),
});
export type LocalQuestion = z.infer<typeof localQuestion>;

export const order = z.discriminatedUnion('type', [
  /** Looks at the file and the library, loads no weights. */
  z.object({ type: z.literal('probe'), modelPath: z.string() }),
  z.object({ type: z.literal('load'), settings: localModelSettings }),
  z.object({ type: z.literal('ask'), askId, question: localQuestion }),
  z.object({ type: z.literal('stop'), askId }),
]);
export type Order = z.infer<typeof order>;

/** Why there is no engine: `not_installed` is the package, `no_binary` its native part. */
export const localTrouble = z.enum(['not_installed', 'no_binary', 'bad_file', 'no_memory', 'failed']);
export type LocalTrouble = z.infer<typeof localTrouble>;

/** What a file holds. */
export const localModelFacts = z.object({
  parameters: z.int().nonnegative(),
  quantization: z.string().nullish(),
  /** What it was trained for. */
  contextLength: z.int().positive(),
  thinks: z.boolean(),
});
export type LocalModelFacts = z.infer<typeof localModelFacts>;

export const localUsage = z.object({
  promptTokens: z.int().nonnegative(),
  completionTokens: z.int().nonnegative(),
  promptMs: ms,
  answerMs: ms,
});
export type LocalUsage = z.infer<typeof localUsage>;

export const report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('probed'), facts: localModelFacts }),
  z.object({ type: z.literal('loaded'), ms, bytes: z.int().nonnegative() }),
  z.object({ type: z.literal('trouble'), trouble: localTrouble, cause: z.string() }),
  z.object({ type: z.literal('text'), askId, text: z.string().min(1) }),
  z.object({ type: z.literal('thinking'), askId, text: z.string().min(1) }),
  z.object({ type: z.literal('end'), askId, reason: z.enum(['stop', 'length']), usage: localUsage }),
  /** It was told to stop, and has. */
  z.object({ type: z.literal('stopped'), askId }),
  z.object({
    type: z.literal('failed'),
    askId,
    reason: z.enum(['too_long', 'bad_format', 'failed']),
    cause: z.string(),
  }),
]);
export type Report = z.infer<typeof report>;
