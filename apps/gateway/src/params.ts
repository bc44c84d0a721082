import { z } from 'zod';

/** An id in a path: decimal digits, as everybody writes it. `1e3`, `-1`, `0x1` and what JavaScript cannot hold are not. */
const pathId = z
  .string()
  .refine((text) => /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)), {
    message: 'must be a whole number from 1 on',
  })
  .transform(Number)
  .meta({ type: 'integer', minimum: 1, example: 1 });

export const idParams = z.object({ id: pathId });
export const chatMessageParams = z.object({ chat_id: pathId, message_id: pathId });
export const messageParams = z.object({ message_id: pathId });

export const chatParams = z.object({ chat_id: pathId });
export const sessionParams = z.object({ session_id: pathId });
export const taskParams = z.object({ task_id: pathId });

export type IdParams = z.output<typeof idParams>;
export type ChatMessageParams = z.output<typeof chatMessageParams>;
export type MessageParams = z.output<typeof messageParams>;
export type ChatParams = z.output<typeof chatParams>;
export type SessionParams = z.output<typeof sessionParams>;
export type TaskParams = z.output<typeof taskParams>;
