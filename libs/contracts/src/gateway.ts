import { z } from 'zod';
import { cardView, engineView, gpuJobKind } from './gpu-scheduler.ts';
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
  .object({ node: z.string(), card: cardView.nullable(), engines: z.array(engineView) })
  .meta({ id: 'ProcessStatus' });
export type ProcessStatus = z.infer<typeof processStatus>;

/** Where a reader of an event stream goes on: the `id` of the last event it has. */
export const replyEventsQuery = z.strictObject({
  after: z
    .string()
    .refine((text) => /^\d{1,15}$/.test(text), { message: 'must be the id of an event of this reply' })
    .transform(Number)
    .optional()
    .meta({ type: 'integer', minimum: 0, description: 'Same as the header Last-Event-ID, which wins' }),
});
