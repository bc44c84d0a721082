import * as api from '@baton/api-client';
import { answerOf, fileOf } from './answer-of.ts';

/** Conversations: their branches, their files, and stopping what is written in them. */
export function chatCalls(client: api.Client) {
  const at = (chatId: number, messageId: number) => ({
    client,
    path: { chat_id: chatId, message_id: messageId },
  });
  return {
    listChats: (query: { readonly q?: string; readonly cursor?: string }) =>
      answerOf(api.chatsList({ client, query })),
    createChat: (body: api.CreateChat) => answerOf(api.chatsCreate({ client, body })),
    getChat: (id: number, before: string | null) =>
      answerOf(api.chatsGet({ client, path: { id }, query: before === null ? {} : { before } })),
    updateChat: (id: number, body: api.UpdateChat) =>
      answerOf(api.chatsUpdate({ client, path: { id }, body })),
    deleteChat: (id: number) => answerOf(api.chatsDelete({ client, path: { id } })),
    exportChat: (id: number, format: 'markdown' | 'json') =>
      fileOf(api.chatsExport({ client, path: { id }, query: { format }, parseAs: 'blob' })),
    /** The file is checked by the gateway, which knows every version of the format. */
    importChat: (content: unknown) =>
      answerOf(api.chatsImport({ client, body: content as api.ChatsImportData['body'] })),
    sendMessage: (id: number, body: api.SendMessage) =>
      answerOf(api.messagesSend({ client, path: { id }, body })),
    editMessage: (chatId: number, messageId: number, content: string) =>
      answerOf(api.messagesEdit({ ...at(chatId, messageId), body: { content } })),
    deleteMessage: (chatId: number, messageId: number) => answerOf(api.messagesDelete(at(chatId, messageId))),
    selectMessage: (chatId: number, messageId: number) => answerOf(api.messagesSelect(at(chatId, messageId))),
    rateMessage: (chatId: number, messageId: number, rating: 'up' | 'down' | null) =>
      answerOf(api.messagesRate({ ...at(chatId, messageId), body: { rating } })),
    regenerateReply: (chatId: number, messageId: number, body: api.Regenerate) =>
      answerOf(api.messagesRegenerate({ ...at(chatId, messageId), body })),
    cancelReply: (id: number) => answerOf(api.repliesCancel({ client, path: { id } })),
    answerNow: (id: number) => answerOf(api.repliesAnswerNow({ client, path: { id } })),
    /** All running answers of this person, or those of one chat. */
    cancelReplies: (chatId: number | null) =>
      answerOf(api.repliesCancelAll({ client, body: chatId === null ? {} : { chat_id: chatId } })),
  };
}
