import {
  chat,
  chatWithMessages,
  imageList,
  message,
  sentMessage,
  stopReceipt,
  uploadedImage,
  type SendMessageBody,
  type ThinkSetting,
} from '@baton/contracts';
import { z } from 'zod';
import type { Calls } from './calls.ts';

export interface AgainWish {
  readonly model?: string;
  readonly engine?: 'auto' | 'local' | 'gpu';
  readonly think?: ThinkSetting;
}

const deleted = z.object({ deleted: z.literal(true) });

/** Conversations: their branches, their files, and stopping what is written in them. */
export function chatCalls({ json, file }: Calls) {
  const at = (chatId: number, messageId: number): string => `/api/chats/${chatId}/messages/${messageId}`;
  return {
    getChat: (id: number, before: string | null) =>
      json(
        chatWithMessages,
        'GET',
        `/api/chats/${id}${before === null ? '' : `?before=${encodeURIComponent(before)}`}`,
      ),
    sendMessage: (id: number, body: SendMessageBody) =>
      json(sentMessage, 'POST', `/api/chats/${id}/messages`, body),
    editMessage: (chatId: number, messageId: number, content: string) =>
      json(message, 'PUT', at(chatId, messageId), { content }),
    deleteMessage: (chatId: number, messageId: number) => json(deleted, 'DELETE', at(chatId, messageId)),
    selectMessage: (chatId: number, messageId: number) =>
      json(chatWithMessages, 'POST', `${at(chatId, messageId)}/select`),
    rateMessage: (chatId: number, messageId: number, rating: 'up' | 'down' | null) =>
      json(message, 'PUT', `${at(chatId, messageId)}/rating`, { rating }),
    regenerateReply: (chatId: number, messageId: number, wish: AgainWish) =>
      json(message, 'POST', `${at(chatId, messageId)}/regenerate`, wish),
    answerNow: (replyId: number) => json(message, 'POST', `/api/replies/${replyId}/answer-now`),
    /** All running answers of this person, or those of one chat. */
    cancelReplies: (chatId: number | null) =>
      json(stopReceipt, 'POST', '/api/replies/cancel', chatId === null ? {} : { chat_id: chatId }),
    exportChat: (id: number, format: 'markdown' | 'json') => file(`/api/chats/${id}/export?format=${format}`),
    /** The file is checked by the gateway, which knows every version of the format. */
    importChat: (content: unknown) => json(chat, 'POST', '/api/chats/import', content),
    imagesOf: (messageId: number) => json(imageList, 'GET', `/api/image/${messageId}`),
    uploadImage: (picture: File) => {
      const form = new FormData();
      form.append('file', picture);
      return json(uploadedImage, 'POST', '/api/image/upload', form);
    },
  };
}
