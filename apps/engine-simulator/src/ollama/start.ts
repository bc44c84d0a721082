import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CONTROL_PATH } from '../control/control.ts';
import { cutAndClose, listen, readBody, sendJson } from '../listening.ts';
import type { OllamaOptions, RunningRole } from '../options.ts';
import { OllamaEngine } from './engine.ts';
import { OllamaError } from './ollama-error.ts';
import { admitBrowser } from './http/browser-guard.ts';
import { postEmbed, postEmbeddings } from './http/embed-routes.ts';
import { clientSignal, sendText, textOf } from './http/exchange.ts';
import type { Route } from './http/exchange.ts';
import { postChat, postGenerate } from './http/generate-routes.ts';
import { deleteModel, getPs, getTags, postCopy, postShow } from './http/model-routes.ts';
import { getModel, getModels, postChatCompletions, postOpenAiEmbeddings } from './http/openai-routes.ts';
import { postPull } from './http/pull-route.ts';

/** Large enough for some photographs in base64. */
const BODY_LIMIT_BYTES = 128 * 1_024 * 1_024;
const HANG_POLL_MS = 20;

/** Every path with its methods. `HEAD` where the real program has it; a last part `:name` takes the rest. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/': withHead(({ response }) => sendText(response, 200, 'Ollama is running')),
  '/api/version': withHead(({ engine, response }) =>
    sendJson(response, 200, { version: engine.settings.version }),
  ),
  '/api/status': {
    GET: ({ response }) => sendJson(response, 200, { cloud: { disabled: true, source: 'env' } }),
  },
  '/api/tags': withHead(getTags),
  '/api/ps': { GET: getPs },
  '/api/show': { POST: postShow },
  '/api/generate': { POST: postGenerate },
  '/api/chat': { POST: postChat },
  '/api/embed': { POST: postEmbed },
  '/api/embeddings': { POST: postEmbeddings },
  '/api/pull': { POST: postPull },
  '/api/delete': { DELETE: deleteModel },
  '/api/copy': { POST: postCopy },
  '/v1/models': { GET: getModels },
  '/v1/models/:model': { GET: getModel },
  '/v1/chat/completions': { POST: postChatCompletions },
  '/v1/embeddings': { POST: postOpenAiEmbeddings },
};

/** Starts the simulated Ollama. Throws when the port is taken or the card does not answer. */
export async function startOllama(options: OllamaOptions): Promise<RunningRole> {
  const engine = new OllamaEngine(options);
  if (options.control !== undefined) await engine.control.merge(options.control);
  await engine.discover();
  const slow = engine.faults.strike('slowStart');
  if (slow) await engine.clock.sleep(slow.ms);
  const server = createServer((request, response) => {
    serve(engine, options.host, request, response).catch((cause: unknown) => fail(request, response, cause));
  });
  // A client may keep its connection as long as it likes; a model may take longer than any default to answer.
  server.requestTimeout = 0;
  const url = await listen(server, options);
  return {
    url,
    isDeaf: () => engine.faults.peek('deafToSigterm') !== null,
    close: async () => {
      const closed = cutAndClose(server);
      await engine.close();
      await closed;
    },
  };
}

async function serve(
  engine: OllamaEngine,
  boundTo: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const signal = clientSignal(response);
  const method = request.method ?? 'GET';
  const path = new URL(request.url ?? '/', 'http://ollama').pathname;
  if (path === CONTROL_PATH) {
    const { status, body } = await engine.control.respond(request, await readBody(request, BODY_LIMIT_BYTES));
    sendJson(response, status, body);
    return;
  }
  while (engine.faults.peek('hang') && !signal.aborted)
    await engine.clock.sleep(HANG_POLL_MS * engine.clock.speed);
  if (signal.aborted || !admitBrowser(request, response, boundTo)) return;
  const { methods, parameter } = findRoute(path);
  const route = methods?.[method];
  if (!methods) sendText(response, 404, '404 page not found');
  else if (!route) sendText(response, 405, '405 method not allowed');
  else {
    const body = method === 'GET' || method === 'HEAD' ? '' : await readBody(request, BODY_LIMIT_BYTES);
    await route({ engine, request, response, body, parameter, signal });
  }
}

function findRoute(path: string): {
  methods: Readonly<Record<string, Route>> | undefined;
  parameter: string;
} {
  const exact = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (exact) return { methods: exact, parameter: '' };
  const model = /^\/v1\/models\/(.+)$/.exec(path)?.[1];
  return {
    methods: model === undefined ? undefined : ROUTES['/v1/models/:model'],
    parameter: decodeURIComponent(model ?? ''),
  };
}

/** Errors before the first byte: status and text of their own, in the shape of the interface that was asked. */
function fail(request: IncomingMessage, response: ServerResponse, cause: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const status = cause instanceof OllamaError ? cause.status : 500;
  const message = textOf(cause);
  const isOpenAi = (request.url ?? '').startsWith('/v1/');
  const types: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 404: 'not_found_error' };
  const body = isOpenAi
    ? { error: { message, type: types[status] ?? 'api_error', param: null, code: null } }
    : { error: message };
  const text = JSON.stringify(body);
  const type = isOpenAi ? 'application/json; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function withHead(route: Route): Readonly<Record<string, Route>> {
  return { GET: route, HEAD: route };
}
