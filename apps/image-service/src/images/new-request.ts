import { randomInt } from 'node:crypto';
import { wantedSettings } from '@baton/contracts';
import { z } from 'zod';
import type { RenderingSettings } from '../tokens.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import { newVariants } from './variants.ts';

/** The largest range that `randomInt` draws from; well inside the seeds that ComfyUI takes. */
const SEED_LIMIT = 2 ** 48 - 1;

/** Where a request belongs, and its words. */
interface Frame {
  readonly messageId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly hasChat?: boolean;
  readonly description: string;
}

const wish = z.object({
  kind: z.enum(['text', 'image', 'upscale']).optional(),
  size: z.object({ width: z.int().optional(), height: z.int().optional() }).optional(),
  seed: z.int().optional(),
  batchCount: z.int().optional(),
  isAsItIs: z.boolean().optional(),
  referenceImageId: z.int().nullish(),
  settings: wantedSettings.optional(),
  /** Of a request that is made like an earlier one. */
  like: z
    .object({
      prompt: z.string(),
      promptBy: z.enum(['model', 'user']).nullable(),
      settings: z.unknown(),
      settingsBy: z.enum(['model', 'user', 'default']).nullable(),
    })
    .optional(),
});
/** What is asked for beside the words. */
export type Wish = z.infer<typeof wish>;
export type Wanted = Frame & Wish;

/** As chat-service keeps it with the message: for the case that this process dies before the request is stored. */
export function keptWish(wanted: Wish): Record<string, unknown> {
  return wish.parse(wanted);
}

/** One that cannot be read is as good as none: then the words are all there is. */
export function readWish(kept: unknown): Wish {
  return wish.catch({}).parse(kept);
}

export function newRequest(wanted: Wanted, settings: RenderingSettings, now: number): ImageRequestRow {
  const seed = wanted.seed ?? randomInt(SEED_LIMIT);
  const batchCount = wanted.batchCount ?? 1;
  const prompt = wanted.like?.prompt ?? null;
  return {
    messageId: wanted.messageId,
    userId: wanted.userId,
    chatId: wanted.chatId,
    hasChat: wanted.hasChat ?? true,
    description: wanted.description,
    width: wanted.size?.width ?? settings.defaultWidth,
    height: wanted.size?.height ?? settings.defaultHeight,
    seed,
    state: prompt === null ? 'queued' : 'prompted',
    prompt,
    promptBy: wanted.like?.promptBy ?? null,
    promptId: null,
    attempt: 1,
    errorCode: null,
    timeline: null,
    isReported: false,
    createdAt: now,
    finishedAt: null,
    kind: wanted.kind ?? 'text',
    batchCount,
    isAsItIs: wanted.isAsItIs ?? false,
    referenceImageId: wanted.referenceImageId ?? null,
    wanted: wanted.settings ?? null,
    settings: wanted.like?.settings ?? null,
    settingsBy: wanted.like?.settingsBy ?? null,
    workflow: null,
    workflowHash: null,
    variants: newVariants(seed, batchCount),
    timings: null,
  };
}
