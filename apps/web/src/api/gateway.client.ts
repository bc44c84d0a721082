import * as api from '@baton/api-client';
import {
  readCardHistory,
  readEngineLogs,
  readGpuHistory,
  stowaway,
  switchGpu,
  type EngineName,
} from '@baton/contracts';
import { z } from 'zod';
import type { GatewayFetch } from './gateway-fetch.ts';
import { failureIn, RequestFailed } from './request-failed.ts';

type Headers = Readonly<Record<string, string>>;

/** Everything this page asks of the gateway, over the generated client. Failures are `RequestFailed`. */
export function gatewayClient(ask: GatewayFetch) {
  const client = api.createClient({
    baseUrl: '',
    // The generated client hands over a Request that is complete.
    fetch: (request) => ask(request instanceof Request ? request : new Request(request)),
  });
  return { ...accounts(client), ...chats(client), ...images(client), ...operations(ask), ...streams(ask) };
}

export type GatewayClient = ReturnType<typeof gatewayClient>;

function accounts(client: api.Client) {
  return {
    register: (body: api.Register) => answerOf(api.authRegister({ client, body })),
    login: (body: api.Login) => answerOf(api.authLogin({ client, body })),
    logout: () => answerOf(api.authLogout({ client })),
    updateMe: (body: api.UpdateMe) => answerOf(api.authUpdateMe({ client, body })),
    isLive: () => answerOf(api.healthLive({ client })),
  };
}

function chats(client: api.Client) {
  return {
    listChats: (query: { readonly q?: string; readonly cursor?: string }) =>
      answerOf(api.chatsList({ client, query })),
    createChat: (body: api.CreateChat) => answerOf(api.chatsCreate({ client, body })),
    getChat: (id: number) => answerOf(api.chatsGet({ client, path: { id } })),
    updateChat: (id: number, body: api.UpdateChat) =>
      answerOf(api.chatsUpdate({ client, path: { id }, body })),
    deleteChat: (id: number) => answerOf(api.chatsDelete({ client, path: { id } })),
    sendMessage: (id: number, body: api.SendMessage) =>
      answerOf(api.messagesSend({ client, path: { id }, body })),
    regenerateReply: (chatId: number, messageId: number) =>
      answerOf(api.messagesRegenerate({ client, path: { chat_id: chatId, message_id: messageId } })),
    cancelReply: (id: number) => answerOf(api.repliesCancel({ client, path: { id } })),
    listModels: () => answerOf(api.modelsList({ client })),
  };
}

function images(client: api.Client) {
  return {
    generateImage: (body: api.GenerateImage) => answerOf(api.imagesGenerate({ client, body })),
    imagesOf: (messageId: number) => answerOf(api.imagesList({ client, path: { message_id: messageId } })),
    imageFile: (id: number) => answerOf(api.imagesFile({ client, path: { id }, parseAs: 'blob' })),
    imageThumbnail: (id: number) => answerOf(api.imagesThumbnail({ client, path: { id }, parseAs: 'blob' })),
    imagePreview: (messageId: number) =>
      answerOf(api.imagesPreview({ client, path: { message_id: messageId }, parseAs: 'blob' })),
  };
}

export interface SwitchWish {
  readonly engine: EngineName;
  /** Null for ComfyUI, and for the model that Ollama had loaded last. */
  readonly model: string | null;
  /** Interrupts what runs; otherwise the switch waits its turn. */
  readonly force: boolean;
}

/** For administrators. */
function operations(ask: GatewayFetch) {
  const read = async <T>(path: string, shape: z.ZodType<T>): Promise<T> =>
    shape.parse(await bodyOf(ask(new Request(path, { cache: 'no-store' }))));
  return {
    gpuHistory: (before: string | null, limit: number) =>
      read(`/api/gpu/history?${query({ before, limit })}`, readGpuHistory.reply),
    cardHistory: () => read('/api/process/card-history', readCardHistory.reply),
    stowaways: () => read('/api/process/status', z.object({ stowaways: z.array(stowaway).default([]) })),
    engineLogs: (engine: EngineName, lines: number) =>
      read(`/api/process/logs?${query({ service: engine, lines })}`, readEngineLogs.reply),
    switchGpu: async ({ engine, model, force }: SwitchWish) => {
      const path = `/api/process/switch?${query({ service: engine, model, force })}`;
      return switchGpu.reply.parse(await bodyOf(ask(new Request(path, { method: 'POST' }))));
    },
    restartEngine: async (engine: EngineName) => {
      await bodyOf(
        ask(new Request(`/api/process/restart?${query({ service: engine })}`, { method: 'POST' })),
      );
    },
    opsPass: async () => {
      await bodyOf(ask(new Request('/api/ops/pass', { method: 'POST' })));
    },
  };
}

function query(values: Readonly<Record<string, string | number | boolean | null>>): string {
  const told = Object.entries(values).flatMap(([name, value]): [string, string][] =>
    value === null ? [] : [[name, String(value)]],
  );
  return new URLSearchParams(told).toString();
}

async function bodyOf(asked: Promise<Response>): Promise<unknown> {
  const response = await asked;
  const text = await response.text();
  const body: unknown = text === '' ? null : JSON.parse(text);
  if (!response.ok) throw new RequestFailed(response.status, failureIn(body));
  return body;
}

/** Streams are read by `readEventStream`, which resumes; the generated reader would begin anew after a reload. */
function streams(ask: GatewayFetch) {
  const open = (path: string, headers: Headers, signal: AbortSignal) =>
    ask(
      new Request(path, { headers: { ...headers, accept: 'text/event-stream' }, signal, cache: 'no-store' }),
    );
  return {
    replyEvents: (messageId: number, headers: Headers, signal: AbortSignal) =>
      open(`/api/replies/${messageId}/events`, headers, signal),
    gpuEvents: (headers: Headers, signal: AbortSignal) => open('/api/gpu/events', headers, signal),
  };
}

async function answerOf<Data>(
  asked: Promise<{ data?: Data; error?: unknown; response?: Response | undefined }>,
): Promise<NonNullable<Data>> {
  const { data, error, response } = await asked;
  if (error instanceof RequestFailed) throw error;
  if (response?.ok !== true)
    throw new RequestFailed(response?.status ?? 0, failureIn(error), { cause: error });
  // A good answer has the data that its route declares; a route without any declares `void`.
  return data as NonNullable<Data>;
}
