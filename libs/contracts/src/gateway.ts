import { z } from 'zod';
import { message } from './chat-service.ts';
import { engineName } from './engine.ts';
import { cardView, engineView, gpuJobKind, historyCursor, nodeName, visitRecord } from './gpu-scheduler.ts';
import { readCardHistory, stowaway } from './process-manager.ts';
import { waitReason } from './reply-log.ts';
import { laneLabel } from './timeline.ts';

/** Normalized, so that two names that look the same are the same. */
const username = z
  .string()
  .normalize('NFKC')
  .trim()
  .min(3)
  .max(32)
  .regex(/^[\p{L}\p{N}._-]+$/u, { message: 'use letters, digits, dot, dash and underscore only' });
/** At most 128 characters, so that nobody can keep the hash busy with a novel. */
const password = z.string().min(8).max(128);

export const registerBody = z
  .strictObject({ username, email: z.email().max(254).optional(), password })
  .meta({
    id: 'Register',
    example: { username: 'anna', email: 'anna@example.org', password: 'correct horse battery' },
  });
export const loginBody = z
  .strictObject({ username: z.string().trim().min(1).max(254), password: z.string().min(1).max(128) })
  .meta({ id: 'Login', example: { username: 'anna', password: 'correct horse battery' } });
export const updateMeBody = z
  .strictObject({ email: z.email().max(254).nullable().optional(), locale: z.enum(['en', 'ru']).optional() })
  .refine((body) => Object.keys(body).length > 0, { message: 'name at least one field to change' })
  .meta({ id: 'UpdateMe', example: { locale: 'ru' } });
export const changePasswordBody = z
  .strictObject({ current_password: z.string().min(1).max(128), new_password: password })
  .meta({
    id: 'ChangePassword',
    example: { current_password: 'correct horse battery', new_password: 'another one, longer' },
  });

export const user = z
  .object({
    id: z.int().positive(),
    username: z.string(),
    email: z.string().nullable(),
    role: z.enum(['admin', 'user']),
    locale: z.enum(['en', 'ru']).nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({
    id: 'User',
    example: {
      id: 1,
      username: 'anna',
      email: null,
      role: 'admin',
      locale: null,
      created_at: '2026-11-20T10:00:00.000Z',
    },
  });
export type User = z.infer<typeof user>;

/** The refresh token travels beside it in an HttpOnly cookie. */
export const session = z
  .object({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.int().positive().meta({ description: 'Seconds' }),
    user,
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof session>;

/** The queue as one user sees it: of other people's requests only that they are there and of what kind. */
export const queueView = z
  .object({
    entries: z.array(
      z.object({
        mine: z.boolean(),
        kind: gpuJobKind,
        running: z.boolean(),
        position: z.int().positive().nullable(),
        reason: waitReason.nullable(),
        eta_p50_ms: z.int().nonnegative().nullable(),
        eta_p90_ms: z.int().nonnegative().nullable(),
        lane: laneLabel.nullable().meta({ description: 'Null for other people’s requests' }),
        chat_id: z.int().positive().nullable(),
        message_id: z.int().positive().nullable(),
      }),
    ),
  })
  .meta({ id: 'QueueView' });
export type QueueView = z.infer<typeof queueView>;

/** The access token is good: whose it is and until when. */
export const verification = z
  .object({ valid: z.literal(true), expires_at: z.iso.datetime(), user })
  .meta({ id: 'Verification' });
export type Verification = z.infer<typeof verification>;

/** What runs on the GPU host: the card and the engines, without the queue. */
export const processStatus = z
  .object({
    node: z.string(),
    card: cardView.nullable(),
    engines: z.array(engineView),
    stowaways: z
      .array(stowaway)
      .optional()
      .meta({ description: 'Other programs on the card; for administrators only' }),
  })
  .meta({ id: 'ProcessStatus' });
export type ProcessStatus = z.infer<typeof processStatus>;

/** Which GPU is meant, where there are several. */
const node = nodeName.optional().meta({ description: 'The GPU; without it the first one' });
export const gpuNodeQuery = z.strictObject({ node });
export type GpuNodeQuery = z.infer<typeof gpuNodeQuery>;

export const gpuNodes = z.object({ nodes: z.array(z.string()) }).meta({ id: 'GpuNodes' });

export const gpuHistoryQuery = z.strictObject({
  /** The `next` of the page before. */
  before: historyCursor.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  node,
});
export type GpuHistoryQuery = z.infer<typeof gpuHistoryQuery>;

/** A page of visits, newest first. */
export const gpuHistory = z
  .object({ visits: z.array(visitRecord), next: z.string().nullable() })
  .meta({ id: 'GpuHistory' });
export type GpuHistory = z.infer<typeof gpuHistory>;

export const switchQuery = z.strictObject({
  service: engineName,
  model: z.string().trim().min(1).max(200).optional(),
  force: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .meta({ type: 'boolean', default: false }),
  node,
});
export type SwitchQuery = z.infer<typeof switchQuery>;

/** `done`: it has the GPU already. `accepted`: it will get it; the status and the history show when. */
export const gpuSwitch = z
  .object({
    order_id: z.uuid(),
    state: z.enum(['done', 'accepted']),
    service: engineName,
    model: z.string().nullable(),
    force: z.boolean(),
    say: z.string().meta({ description: 'What happens now, for people' }),
  })
  .meta({ id: 'GpuSwitch' });
export type GpuSwitch = z.infer<typeof gpuSwitch>;

export const engineQuery = z.strictObject({ service: engineName, node });
export type EngineQuery = z.infer<typeof engineQuery>;

export const engineLogsQuery = z.strictObject({
  service: engineName,
  lines: z.coerce.number().int().min(1).max(2_000).default(200),
  node,
});
export type EngineLogsQuery = z.infer<typeof engineLogsQuery>;

/** The process ends now, and another one is started; the status shows both. */
export const engineRestart = z.object({ service: engineName }).meta({ id: 'EngineRestart' });
export type EngineRestart = z.infer<typeof engineRestart>;

/** Memory of the card, oldest first. */
export const cardHistory = readCardHistory.reply.meta({ id: 'CardHistory' });
export type CardHistory = z.infer<typeof cardHistory>;

/** Oldest first. */
export const engineLogs = z
  .object({ lines: z.array(z.object({ at_ms: z.int(), text: z.string() })) })
  .meta({ id: 'EngineLogs' });
export type EngineLogs = z.infer<typeof engineLogs>;

/** Where a reader of an event stream goes on: the `id` of the last event it has. */
export const replyEventsQuery = z.strictObject({
  after: z
    .string()
    .refine((text) => /^\d{1,15}$/.test(text), { message: 'must be the id of an event of this reply' })
    .transform(Number)
    .optional()
    .meta({ type: 'integer', minimum: 0, description: 'Same as the header Last-Event-ID, which wins' }),
});

export const stopRepliesBody = z
  .strictObject({
    chat_id: z.int().positive().optional().meta({ description: 'Only what is being made for this chat' }),
  })
  .meta({ id: 'StopReplies', example: { chat_id: 1 } });
export type StopRepliesBody = z.infer<typeof stopRepliesBody>;

export const stopReceipt = z
  .object({
    stopped: z
      .array(message)
      .meta({ description: 'The replies as they ended, each with its receipt where one is known' }),
    images_told: z.boolean().meta({
      description:
        'Renders stop by themselves after this answer and tell it in their events; false: they could not be told',
    }),
  })
  .meta({ id: 'StopReceipt' });
export type StopReceipt = z.infer<typeof stopReceipt>;
