import { epochMs, jsonColumn, longText, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';

/** `queued` until the prompt is written, then `prompted` until it ended. The steps between are in the reply log. */
export type RequestState = 'queued' | 'prompted' | 'done' | 'failed' | 'cancelled';

/** A row of `image_requests`: what somebody asked for. Its id is the assistant message's. */
export interface ImageRequestRow {
  messageId: number;
  userId: number;
  chatId: number;
  /** False for a request without a chat: `chatId` is a hidden one's then. */
  hasChat: boolean;
  description: string;
  width: number;
  height: number;
  seed: number;
  state: RequestState;
  /** Null until written. */
  prompt: string | null;
  promptBy: 'model' | 'user' | null;
  /** ComfyUI's id of the render, chosen by us before it is submitted. */
  promptId: string | null;
  /** Grows each time the request asks for the GPU anew; part of the GPU jobs' ids. */
  attempt: number;
  errorCode: string | null;
  timeline: unknown;
  /** False while chat-service or the readers of the log have not been told how the request ended. */
  isReported: boolean;
  createdAt: number;
  finishedAt: number | null;
  kind: 'text' | 'image' | 'upscale';
  batchCount: number;
  /** The description is the prompt: no language model is asked. */
  isAsItIs: boolean;
  referenceImageId: number | null;
  /** Settings that the user chose. */
  wanted: unknown;
  /** Settings that were used, and who chose them. */
  settings: unknown;
  settingsBy: 'model' | 'user' | 'default' | null;
  workflow: string | null;
  workflowHash: string | null;
  /** One entry for each picture that is to come: seed, ComfyUI's id, our id. */
  variants: unknown;
  /** Milliseconds of each phase. */
  timings: unknown;
}

export const IMAGE_REQUEST = 'image_request';

export function imageRequestEntity(dialect: Dialect): EntitySchema<ImageRequestRow> {
  return new EntitySchema<ImageRequestRow>({
    name: IMAGE_REQUEST,
    tableName: 'image_requests',
    columns: {
      messageId: { name: 'message_id', type: 'integer', primary: true },
      userId: { name: 'user_id', type: 'integer' },
      chatId: { name: 'chat_id', type: 'integer' },
      hasChat: { name: 'has_chat', type: 'boolean', default: true },
      description: { type: longText(dialect) },
      width: { type: 'integer' },
      height: { type: 'integer' },
      seed: { ...epochMs },
      state: { type: 'varchar', length: 16 },
      prompt: { type: longText(dialect), nullable: true },
      promptBy: { name: 'prompt_by', type: 'varchar', length: 16, nullable: true },
      promptId: { name: 'prompt_id', type: 'varchar', length: 36, nullable: true },
      attempt: { type: 'integer' },
      errorCode: { name: 'error_code', type: 'varchar', length: 64, nullable: true },
      timeline: { ...jsonColumn(dialect), nullable: true },
      isReported: { name: 'is_reported', type: 'boolean' },
      createdAt: { name: 'created_at', ...epochMs },
      finishedAt: { name: 'finished_at', ...epochMs, nullable: true },
      kind: { type: 'varchar', length: 16, default: 'text' },
      batchCount: { name: 'batch_count', type: 'integer', default: 1 },
      isAsItIs: { name: 'is_as_it_is', type: 'boolean', default: false },
      referenceImageId: { name: 'reference_image_id', type: 'integer', nullable: true },
      wanted: { ...jsonColumn(dialect), nullable: true },
      settings: { ...jsonColumn(dialect), nullable: true },
      settingsBy: { name: 'settings_by', type: 'varchar', length: 16, nullable: true },
      workflow: { type: 'varchar', length: 64, nullable: true },
      workflowHash: { name: 'workflow_hash', type: 'varchar', length: 64, nullable: true },
      variants: { ...jsonColumn(dialect), nullable: true },
      timings: { ...jsonColumn(dialect), nullable: true },
    },
    indices: [{ name: 'image_requests_open', columns: ['isReported', 'messageId'] }],
  });
}
