import { z } from 'zod';
import { message } from './chat-service.ts';
import { problem } from './problem.ts';
import { replyEvent } from './reply-log.ts';

/** The WebSocket of the gateway: the events of `GET /api/replies/{id}/events`, for several replies on one connection. */
export const WEBSOCKET_PATH = '/api/ws';

/**
 * Our own reasons to close; 1001 is said at a shutdown and 1009 to a message that is too large. A reader that takes nothing of
 * what it is sent is cut off without a word, which its end reports as 1006.
 */
export const WEBSOCKET_CLOSE = {
  /** No token in time, a wrong one, or it has expired and no other one came. */
  unauthorized: 4401,
  /** More messages or connections than one person may have. */
  tooMany: 4429,
} as const;

const replyId = z.int().positive();

/** What a client may say. Strict: a misspelt field is an error and not a silent nothing. */
export const clientMessage = z.discriminatedUnion('type', [
  /** The first message of a client that could not send an `Authorization` header; later, a token that lives longer. */
  z.strictObject({ type: z.literal('auth'), token: z.string().min(1).max(4_096) }),
  /** `after` is the `id` of the last event that the client has; without it, from the beginning. */
  z.strictObject({
    type: z.literal('follow'),
    reply_id: replyId,
    after: z.int().nonnegative().optional(),
  }),
  z.strictObject({ type: z.literal('unfollow'), reply_id: replyId }),
  /** Stops the reply, as `POST /api/replies/{id}/cancel` does. */
  z.strictObject({ type: z.literal('cancel'), reply_id: replyId }),
  z.strictObject({ type: z.literal('ping') }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

/** What the gateway says. */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    expires_at: z.iso.datetime().meta({ description: 'Send another token before this, or be closed' }),
  }),
  z.object({
    type: z.literal('event'),
    reply_id: replyId,
    /** Null: the event stands in no log, so there is no position behind it. */
    id: z.int().nonnegative().nullable(),
    event: replyEvent,
  }),
  z.object({ type: z.literal('cancelled'), reply_id: replyId, message }),
  /** `reply_id` is null when the error is about no reply in particular. The connection stays open. */
  z.object({ type: z.literal('error'), reply_id: replyId.nullable(), problem }),
  z.object({ type: z.literal('pong') }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;
