import { z } from 'zod';
import { engineName } from './engine.ts';

/** The steps of a swap, in this order; a step that was not needed is left out of a record. */
export const swapPhase = z.enum(['drain', 'free', 'verify', 'start', 'load', 'ready']);
export type SwapPhase = z.infer<typeof swapPhase>;

export const laneLabel = z.object({ engine: engineName, model: z.string().nullable() });
export type LaneLabel = z.infer<typeof laneLabel>;

/** A hand-over of the GPU with the time of each step. `from` is null when the card was empty. */
export const swapRecord = z
  .object({
    id: z.string(),
    from: laneLabel.nullable(),
    to: laneLabel.nullable(),
    phases: z.array(z.object({ phase: swapPhase, ms: z.int().nonnegative() })),
    total_ms: z.int().nonnegative(),
    /** What the driver said was in use, in MiB: when the swap began, and when the card counted as free. Absent without a driver, and in records of before 2026-11-21. */
    before_mib: z.int().nonnegative().optional(),
    freed_mib: z.int().nonnegative().optional(),
    /** Engines that had to be stopped, because they would not give the card back. */
    stopped: z.array(engineName).optional(),
    /** Engines that kept their memory, because both fit (soft sharing). */
    kept: z.array(engineName).optional(),
  })
  .meta({ id: 'SwapRecord' });
export type SwapRecord = z.infer<typeof swapRecord>;

/** One use of the GPU by a message: how long it waited, what the wait was made of, how long the work took. */
export const timelineEntry = z
  .object({
    lane: laneLabel.extend({ engine: z.enum(['ollama', 'comfyui', 'local']) }),
    queued_ms: z
      .int()
      .nonnegative()
      .meta({ description: 'From asking for the GPU to holding it, swap included' }),
    swap: swapRecord.nullable().meta({ description: 'The hand-over that this request waited for, if any' }),
    first_ms: z
      .int()
      .nonnegative()
      .nullable()
      .meta({ description: 'From holding the GPU to the first token or the first sampling step' }),
    total_ms: z.int().nonnegative().meta({ description: 'From asking for the GPU to giving it back' }),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.infer<typeof timelineEntry>;
