import type { RawData } from 'ws';
import { z } from 'zod';

/** What a process and the card say to each other over the WebSocket that stands for the driver context. */

export const CONTEXT_PATH = '/context';

export const contextQuery = z.object({
  engine: z.enum(['ollama', 'comfyui', 'foreign']),
  pid: z.coerce.number().int().positive(),
  contextBytes: z.coerce.number().int().nonnegative(),
});

const bytes = z.number().int().nonnegative();

export const cardRequest = z.discriminatedUnion('op', [
  z.object({
    id: z.int(),
    op: z.literal('alloc'),
    label: z.string().min(1).max(200),
    kind: z.enum(['weights', 'scratch']),
    bytes,
  }),
  z.object({ id: z.int(), op: z.literal('resize'), allocation: z.string(), bytes }),
  z.object({ id: z.int(), op: z.literal('free'), allocation: z.string() }),
  z.object({ id: z.int(), op: z.literal('usage') }),
  z.object({ id: z.int(), op: z.literal('work'), state: z.enum(['busy', 'idle']) }),
]);

export const allocationShape = z.object({
  id: z.string(),
  label: z.string(),
  kind: z.enum(['context', 'weights', 'scratch']),
  bytes,
});

export const usageShape = z.object({ totalBytes: bytes, usedBytes: bytes, freeBytes: bytes });

/** `id` 0 is the card's word at connection: `opened`, or `outOfMemory` when not even the context fits. */
export const cardReply = z.discriminatedUnion('is', [
  z.object({ id: z.int(), is: z.literal('opened') }),
  z.object({ id: z.int(), is: z.literal('allocation'), allocation: allocationShape }),
  z.object({ id: z.int(), is: z.literal('usage'), usage: usageShape }),
  z.object({ id: z.int(), is: z.literal('done') }),
  z.object({ id: z.int(), is: z.literal('outOfMemory'), wantedBytes: bytes, freeBytes: bytes }),
  z.object({ id: z.int(), is: z.literal('rejected'), message: z.string() }),
]);

export type CardRequest = z.infer<typeof cardRequest>;
export type CardReply = z.infer<typeof cardReply>;

/** A frame as text, in whichever form the socket hands it over. */
export function frameText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString('utf8');
}
