import { randomInt } from 'node:crypto';
import type { GenerateImageBody } from '@baton/contracts';
import type { RenderingSettings } from '../tokens.ts';
import type { ImageRequestRow } from './image-request.entity.ts';

/** The largest range that `randomInt` draws from; well inside the seeds that ComfyUI takes. */
const SEED_LIMIT = 2 ** 48 - 1;

export interface Wanted {
  readonly messageId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly description: string;
  readonly size?: Pick<GenerateImageBody, 'width' | 'height' | 'seed'>;
}

export function newRequest(wanted: Wanted, settings: RenderingSettings, now: number): ImageRequestRow {
  return {
    messageId: wanted.messageId,
    userId: wanted.userId,
    chatId: wanted.chatId,
    description: wanted.description,
    width: wanted.size?.width ?? settings.defaultWidth,
    height: wanted.size?.height ?? settings.defaultHeight,
    seed: wanted.size?.seed ?? randomInt(SEED_LIMIT),
    state: 'queued',
    prompt: null,
    promptBy: null,
    promptId: null,
    attempt: 1,
    errorCode: null,
    timeline: null,
    isReported: false,
    createdAt: now,
    finishedAt: null,
    kind: 'text',
    batchCount: 1,
    isAsItIs: false,
    referenceImageId: null,
    wanted: null,
    settings: null,
    settingsBy: null,
    workflow: null,
    workflowHash: null,
    variants: null,
    timings: null,
  };
}
