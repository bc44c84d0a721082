import * as api from '@baton/api-client';
import type { EngineName } from '@baton/contracts';
import { answerOf } from './answer-of.ts';
import { chatCalls } from './chat-calls.ts';
import type { GatewayFetch } from './gateway-fetch.ts';
import { imageCalls } from './image-calls.ts';
import { modelCalls } from './model-calls.ts';
import { workCalls } from './work-calls.ts';

type Headers = Readonly<Record<string, string>>;

/** Everything this page asks of the gateway, over the generated client. Failures are `RequestFailed`. */
export function gatewayClient(ask: GatewayFetch) {
  const client = api.createClient({
    baseUrl: '',
    // The generated client hands over a Request that is complete.
    fetch: (request) => ask(request instanceof Request ? request : new Request(request)),
  });
  return {
    ...accounts(client),
    ...chatCalls(client),
    ...modelCalls(client),
    ...workCalls(client),
    ...imageCalls(client),
    ...operations(client),
    ...streams(ask),
  };
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

export interface SwitchWish {
  readonly engine: EngineName;
  /** Null for ComfyUI, and for the model that Ollama had loaded last. */
  readonly model: string | null;
  /** Interrupts what runs; otherwise the switch waits its turn. */
  readonly force: boolean;
}

/** For administrators. */
function operations(client: api.Client) {
  return {
    gpuHistory: (before: string | null, limit: number) =>
      answerOf(api.gpuHistory({ client, query: { ...(before === null ? {} : { before }), limit } })),
    processStatus: () => answerOf(api.processStatus({ client })),
    cardHistory: () => answerOf(api.processCardHistory({ client })),
    engineLogs: (service: EngineName, lines: number) =>
      answerOf(api.processLogs({ client, query: { service, lines } })),
    switchGpu: ({ engine, model, force }: SwitchWish) => {
      const query = { service: engine, ...(model === null ? {} : { model }), force: asWord(force) };
      return answerOf(api.processSwitch({ client, query }));
    },
    restartEngine: (service: EngineName) => answerOf(api.processRestart({ client, query: { service } })),
    opsPass: () => answerOf(api.opsPass({ client })),
  };
}

function asWord(flag: boolean): 'true' | 'false' {
  return flag ? 'true' : 'false';
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
    pullEvents: (pullId: string, headers: Headers, signal: AbortSignal) =>
      open(`/api/models/pulls/${pullId}/events`, headers, signal),
    gpuEvents: (headers: Headers, signal: AbortSignal) => open('/api/gpu/events', headers, signal),
  };
}
