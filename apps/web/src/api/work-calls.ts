import * as api from '@baton/api-client';
import { answerOf, fileOf } from './answer-of.ts';

/** Chats between models, and batches of questions. */
export function workCalls(client: api.Client) {
  const of = (chatId: number) => ({ client, path: { chat_id: chatId } });
  return {
    startDialogue: (body: api.MultiModel) => answerOf(api.dialoguesStart({ client, body })),
    getDialogue: (chatId: number) => answerOf(api.dialoguesGet(of(chatId))),
    stopDialogue: (chatId: number) => answerOf(api.dialoguesStop(of(chatId))),
    resumeDialogue: (chatId: number) => answerOf(api.dialoguesResume(of(chatId))),
    createBatch: (body: api.NewBatch) => answerOf(api.batchesCreate({ client, body })),
    listBatches: () => answerOf(api.batchesList({ client })),
    batchResults: (id: number) => fileOf(api.batchesResults({ client, path: { id }, parseAs: 'blob' })),
    cancelBatch: (id: number) => answerOf(api.batchesCancel({ client, path: { id } })),
    deleteBatch: (id: number) => answerOf(api.batchesDelete({ client, path: { id } })),
  };
}
