import {
  chat,
  chatPage,
  chatWithMessages,
  imageList,
  message,
  modelList,
  sentMessage,
  session,
  user,
  type CreateChatBody,
  type GenerateImageBody,
  type SendMessageBody,
} from '@baton/contracts';
import type { z } from 'zod';
import { bodyOf, type GatewayFetch } from './gateway-fetch.ts';
import { failureOf } from './request-failed.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}
export interface NewAccount extends Credentials {
  readonly email?: string;
}
export interface ChatChanges {
  readonly title?: string;
  readonly pinned?: boolean;
}

/** Everything this page asks of the gateway. Answers are parsed; failures are `RequestFailed`. */
export function gatewayClient(ask: GatewayFetch) {
  const send = async <Shape extends z.ZodType>(
    shape: Shape,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<z.infer<Shape>> => shape.parse(await bodyOf(await ask(request(method, path, body))));
  const forget = async (method: string, path: string, body?: unknown): Promise<void> => {
    const response = await ask(request(method, path, body));
    if (!response.ok) throw await failureOf(response);
  };
  const picture = async (path: string): Promise<Blob> => {
    const response = await ask(request('GET', path));
    if (!response.ok) throw await failureOf(response);
    return response.blob();
  };
  const events = (path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
    ask(
      new Request(path, { headers: { ...headers, accept: 'text/event-stream' }, signal, cache: 'no-store' }),
    );

  return {
    register: (account: NewAccount) => send(session, 'POST', '/api/auth/register', account),
    login: (credentials: Credentials) => send(session, 'POST', '/api/auth/login', credentials),
    logout: () => forget('POST', '/api/auth/logout'),
    updateMe: (changes: { readonly locale: 'en' | 'ru' }) => send(user, 'PATCH', '/api/auth/me', changes),

    listChats: (query: { readonly q?: string; readonly cursor?: string }) =>
      send(chatPage, 'GET', `/api/chats?${new URLSearchParams(query).toString()}`),
    createChat: (body: CreateChatBody) => send(chat, 'POST', '/api/chats', body),
    getChat: (chatId: number) => send(chatWithMessages, 'GET', `/api/chats/${chatId}`),
    updateChat: (chatId: number, changes: ChatChanges) => send(chat, 'PUT', `/api/chats/${chatId}`, changes),
    deleteChat: (chatId: number) => forget('DELETE', `/api/chats/${chatId}`),
    sendMessage: (chatId: number, body: SendMessageBody) =>
      send(sentMessage, 'POST', `/api/chats/${chatId}/messages`, body),
    regenerateReply: (chatId: number, messageId: number) =>
      send(message, 'POST', `/api/chats/${chatId}/messages/${messageId}/regenerate`),
    cancelReply: (messageId: number) => forget('POST', `/api/replies/${messageId}/cancel`),
    replyEvents: (messageId: number, headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
      events(`/api/replies/${messageId}/events`, headers, signal),
    listModels: () => send(modelList, 'GET', '/api/chat/models'),

    generateImage: (body: GenerateImageBody) => send(sentMessage, 'POST', '/api/image/generate', body),
    imagesOf: (messageId: number) => send(imageList, 'GET', `/api/image/${messageId}`),
    imageFile: (imageId: number) => picture(`/api/images/${imageId}/file`),
    imageThumbnail: (imageId: number) => picture(`/api/images/${imageId}/thumbnail`),
    imagePreview: (messageId: number, revision: number) =>
      picture(`/api/images/preview/${messageId}?rev=${revision}`),

    gpuEvents: (headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
      events('/api/gpu/events', headers, signal),
    isLive: async () => (await ask(request('GET', '/health/live'))).ok,
  };
}

export type GatewayClient = ReturnType<typeof gatewayClient>;

function request(method: string, path: string, body?: unknown): Request {
  return body === undefined
    ? new Request(path, { method })
    : new Request(path, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
}
