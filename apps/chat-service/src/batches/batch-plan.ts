import { answerOptions, routing } from '@baton/contracts';
import { ERRORS, isErrorCode } from '@baton/kernel';
import { z } from 'zod';

/** What a batch is: the column `plan` of its chat. The items are its messages. */
export const batchPlan = z.object({
  version: z.literal(1),
  total: z.int().positive(),
  model: z.string(),
  /** What is asked for beside the words, of every item. */
  options: answerOptions,
  routing: routing.nullable(),
  finished_at_ms: z.int().nullable(),
});
export type BatchPlan = z.infer<typeof batchPlan>;

/** The column `options` of an item's message. */
export const itemOptions = z.object({ index: z.int().nonnegative(), custom_id: z.string().nullable() });
export type ItemOptions = z.infer<typeof itemOptions>;

/** Nobody's fault and over sooner or later: such an item is asked again for as long as it takes. */
const BUSY = new Set(['gpu.user_limit', 'gpu.overloaded', 'gpu.wait_too_long', 'reply.interrupted']);
/** An item that fails for what may pass (an engine that is down, memory that ran out) is asked this often. */
export const TRIES = 5;

/** Whether an item whose answer failed is asked again. `tries` counts the answers so far, this one too. */
export function isAskedAgain(code: string, tries: number): boolean {
  if (BUSY.has(code)) return true;
  return isErrorCode(code) && ERRORS[code].retry === 'later' && tries < TRIES;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** After so many setbacks in a row. Background work has time, and what is down should not be asked all the time. */
export function pauseAfter(setbacks: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, setbacks - 1));
}
