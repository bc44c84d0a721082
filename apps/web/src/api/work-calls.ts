import { batch, dialogue } from '@baton/contracts';
import { z } from 'zod';
import type { Calls } from './calls.ts';

export interface NewDialogue {
  readonly models: readonly string[];
  readonly initial_message: string;
  /** By place: a model may take part twice. */
  readonly system_prompts: Readonly<Record<string, string>>;
  readonly max_turns: number;
  readonly order: 'fewest_changes' | 'in_turn';
}

export interface NewBatch {
  readonly requests: readonly { readonly custom_id?: string; readonly message: string }[];
  readonly model?: string;
  readonly title?: string;
}

/** Chats between models, and batches of questions. */
export function workCalls({ json, file }: Calls) {
  return {
    startDialogue: (body: NewDialogue) => json(dialogue, 'POST', '/api/chat/multi-model', body),
    getDialogue: (chatId: number) => json(dialogue, 'GET', `/api/chat/multi-model/${chatId}`),
    stopDialogue: (chatId: number) => json(dialogue, 'POST', `/api/chat/multi-model/${chatId}/stop`),
    resumeDialogue: (chatId: number) => json(dialogue, 'POST', `/api/chat/multi-model/${chatId}/resume`),
    createBatch: (body: NewBatch) => json(batch, 'POST', '/api/chat/batch', body),
    listBatches: () => json(z.object({ batches: z.array(batch) }), 'GET', '/api/chat/batch'),
    batchResults: (id: number) => file(`/api/chat/batch/${id}/results`),
    cancelBatch: (id: number) => json(batch, 'POST', `/api/chat/batch/${id}/cancel`),
    deleteBatch: (id: number) =>
      json(z.object({ deleted: z.literal(true) }), 'DELETE', `/api/chat/batch/${id}`),
  };
}
