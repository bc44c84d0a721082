import { z } from 'zod';
import { messageDetails, routing, source } from './answer.ts';
import { laneLabel, swapPhase, timelineEntry } from './timeline.ts';

/**
 * The reply log: everything that happens to one assistant message (a reply or a render), in order, as JSON lines in one
 * growing byte string. The id of an event is the byte offset behind it, so `Last-Event-ID` says exactly where a reader
 * stopped. chat-service writes the logs of replies, image-service those of renders, the gateway reads all of them.
 */
export const REPLY_LOG_SHARDS = 4;

export const replyLogKeys = {
  /** The durable string of a log. */
  log: (key: string): string => `reply-log:${key}`,
  /** The stream that carries fresh chunks of many logs to the gateways. */
  shard: (index: number): string => `reply-log-shard:${index}`,
} as const;

/** The log of an assistant message. */
export function replyLogKey(messageId: number): string {
  return `m${messageId}`;
}

/** The log of a download of a model. */
export function pullLogKey(pullId: string): string {
  return `pull-${pullId}`;
}

/** Why somebody waits: shown to people, so it names kinds of work and never another person's words. */
export const waitReason = z.object({
  code: z.enum([
    'ahead_in_queue',
    'other_engine_busy',
    'swap_under_way',
    'engine_starting',
    'scheduler_away',
    'engine_unavailable',
    /** Nobody sits and waits for it: it goes when the GPU has nothing else to do. */
    'gives_way',
  ]),
  /** What holds the GPU at the moment, when that is the reason. */
  holder: laneLabel.nullable(),
});
export type WaitReason = z.infer<typeof waitReason>;

export const replyState = z.enum([
  'queued',
  'swapping',
  'loading',
  'prompting',
  'rendering',
  'searching',
  'streaming',
  'done',
  'failed',
  'cancelled',
]);
export type ReplyState = z.infer<typeof replyState>;

/** States that end a message; each is the last event of its log. */
export const FINAL_STATES = ['done', 'failed', 'cancelled'] as const;
export function isFinalState(state: ReplyState): boolean {
  return FINAL_STATES.some((final) => final === state);
}

const queuedEvent = z.object({
  type: z.literal('state'),
  state: z.literal('queued'),
  position: z
    .int()
    .positive()
    .nullable()
    .meta({ description: 'Place in the queue, 1 is next; null while unknown' }),
  reason: waitReason.nullable(),
  eta_p50_ms: z.int().nonnegative().nullable(),
  eta_p90_ms: z.int().nonnegative().nullable(),
});
const swappingEvent = z.object({
  type: z.literal('state'),
  state: z.literal('swapping'),
  from: laneLabel.nullable(),
  to: laneLabel.nullable(),
  phase: swapPhase,
});
const loadingEvent = z.object({
  type: z.literal('state'),
  state: z.literal('loading'),
  model: z.string().nullable(),
});
const workingEvent = z.object({
  type: z.literal('state'),
  state: z.enum(['streaming', 'prompting', 'rendering', 'searching']),
});
export const stateEvent = z.discriminatedUnion('state', [
  queuedEvent,
  swappingEvent,
  loadingEvent,
  workingEvent,
]);

export const usage = z.object({
  prompt_tokens: z.int().nonnegative(),
  completion_tokens: z.int().nonnegative(),
});
export type Usage = z.infer<typeof usage>;

/** The last event of every log. `code` and `say` are set for `failed`. */
export const endEvent = z.object({
  type: z.literal('end'),
  state: z.enum(FINAL_STATES),
  code: z.string().nullable(),
  say: z.string().nullable().meta({ description: 'A sentence for the user' }),
  timeline: z.array(timelineEntry),
  usage: usage.nullable(),
  details: messageDetails.nullish(),
});

/** What the model thinks before it answers, to be added to what came before; never part of the answer. */
export const thinkingEvent = z.object({ type: z.literal('thinking'), text: z.string() });
/** Another model answers than the one asked for, and why. */
export const routedEvent = z.object({ type: z.literal('routed'), routing });
/** Pages of the web that the answer will rest on. */
export const sourcesEvent = z.object({
  type: z.literal('sources'),
  query: z.string(),
  sources: z.array(source),
});
/** Text of the answer, to be added to what came before. */
export const textEvent = z.object({ type: z.literal('text'), text: z.string() });
/** The prompt that the language model wrote for the image, and the settings that go with it. */
export const promptEvent = z.object({
  type: z.literal('prompt'),
  prompt: z.string(),
  seed: z.int().nonnegative(),
  /** Absent in logs of before 2026-11-21. */
  settings_by: z.enum(['model', 'user', 'default']).optional(),
  reference_description: z.string().optional(),
});
export const progressEvent = z.object({
  type: z.literal('progress'),
  /** Which of the variants, from 0 on; absent in logs of before 2026-11-21. */
  variant: z.int().nonnegative().optional(),
  /** Of how many; told where there are several. */
  variants: z.int().positive().optional(),
  /** What ComfyUI is at, as people call it; absent while it samples. */
  node: z.string().optional(),
  step: z.int().nonnegative(),
  steps: z.int().positive(),
});
/** A new preview picture can be fetched; the picture itself is not kept in the log. */
export const previewEvent = z.object({ type: z.literal('preview'), revision: z.int().positive() });
export const imageEvent = z.object({
  type: z.literal('image'),
  image_id: z.int().positive(),
  width: z.int().positive(),
  height: z.int().positive(),
  variant: z.int().nonnegative().optional(),
});
/** How far the download of a model is. */
export const pullEvent = z.object({
  type: z.literal('pull'),
  status: z.string().meta({ description: 'What is done just now, as the model server says it' }),
  completed_bytes: z.int().nonnegative(),
  total_bytes: z.int().nonnegative(),
});
/** Sent by the gateway instead of the log when the log is gone: forget what you had, this is the whole text. */
export const resetEvent = z.object({
  type: z.literal('reset'),
  text: z.string(),
  thinking: z.string().optional(),
});

export const replyEvent = z.union([
  stateEvent,
  textEvent,
  thinkingEvent,
  routedEvent,
  sourcesEvent,
  promptEvent,
  progressEvent,
  previewEvent,
  imageEvent,
  pullEvent,
  resetEvent,
  endEvent,
]);
export type ReplyEvent = z.infer<typeof replyEvent>;
export type EndEvent = z.infer<typeof endEvent>;
