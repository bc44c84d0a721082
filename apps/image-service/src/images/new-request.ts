import { randomInt } from 'node:crypto';
import type { WantedSettings } from '@baton/contracts';
import type { RenderingSettings } from '../tokens.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import { newVariants } from './variants.ts';

/** The largest range that `randomInt` draws from; well inside the seeds that ComfyUI takes. */
const SEED_LIMIT = 2 ** 48 - 1;

export interface Wanted {
  readonly messageId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly hasChat?: boolean;
  readonly description: string;
  readonly kind?: ImageRequestRow['kind'];
  readonly size?: { readonly width?: number | undefined; readonly height?: number | undefined };
  readonly seed?: number | undefined;
  readonly batchCount?: number | undefined;
  readonly isAsItIs?: boolean | undefined;
  readonly referenceImageId?: number | null;
  readonly settings?: WantedSettings | undefined;
  /** Of a request that is made like an earlier one. */
  readonly like?: Pick<ImageRequestRow, 'prompt' | 'promptBy' | 'settings' | 'settingsBy'>;
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
