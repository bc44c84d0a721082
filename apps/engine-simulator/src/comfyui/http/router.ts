import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Control } from '../../control/control.ts';
import { CONTROL_PATH } from '../../control/control.ts';
import { readBody, sendJson } from '../../listening.ts';
import { Exchange, HttpAnswer } from './exchange.ts';
import { FILE_ROUTES } from './file-routes.ts';
import { corsHeaders, isForeign } from './guard.ts';
import { INFO_ROUTES } from './info-routes.ts';
import { JOB_ROUTES } from './job-routes.ts';
import { promptRoutes } from './prompt-routes.ts';
import type { Route, ServerParts } from './server-parts.ts';
import { maxUploadBytes } from './server-parts.ts';

const CONTROL_LIMIT_BYTES = 1_048_576;
const API = '/api';
/** How soon a hanging request notices that its fault was switched off. */
const HANG_POLL_MS = 20;

/** All of ComfyUI's HTTP, and the control endpoint beside it. */
export function requestListener(server: ServerParts, control: Control): RequestListener {
  const routes = [...promptRoutes(), ...JOB_ROUTES, ...INFO_ROUTES, ...FILE_ROUTES];
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === CONTROL_PATH) void respondToControl(control, request, response);
    else void respond(server, routes, { request, response, url });
  };
}

async function respondToControl(
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(request, CONTROL_LIMIT_BYTES);
    const answer = await control.respond(request, body);
    sendJson(response, answer.status, answer.body);
  } catch {
    response.destroy();
  }
}

async function respond(
  server: ServerParts,
  routes: readonly Route[],
  { request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL },
): Promise<void> {
  const isApi = url.pathname.startsWith(`${API}/`);
  const path = isApi ? url.pathname.slice(API.length) : url.pathname;
  const limitBytes = maxUploadBytes(server.settings);
  const exchange = new Exchange(request, response, { path, query: url.searchParams, limitBytes });
  try {
    while (server.faults.peek('hang') && !response.destroyed) await delay(HANG_POLL_MS);
    if (response.destroyed || !isLetThrough(server, exchange)) return;
    if (server.faults.strike('httpError', (fault) => fault.path === path)) throw new Error('a fault');
    const matches = routes.flatMap((route) => {
      const parameter = route.isApiOnly && !isApi ? null : match(route.path, path);
      return parameter === null ? [] : [{ route, parameter }];
    });
    const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    const found = matches.find(({ route }) => route.method === method);
    if (found !== undefined) await found.route.answer(exchange, server, found.parameter);
    else if (matches.length > 0) throw new HttpAnswer(405, '405: Method Not Allowed');
    else throw new HttpAnswer(404);
  } catch (cause) {
    exchange.fail(cause);
  }
}

/** The guard against foreign origins, or the CORS headers in its place; false when the request is answered. */
function isLetThrough({ settings }: ServerParts, exchange: Exchange): boolean {
  if (settings.corsOrigin === '') {
    if (!isForeign(exchange.request.headers)) return true;
    exchange.sendEmpty(403);
    return false;
  }
  for (const [name, value] of Object.entries(corsHeaders(settings.corsOrigin))) {
    exchange.response.setHeader(name, value);
  }
  if (exchange.method !== 'OPTIONS') return true;
  exchange.sendEmpty(200);
  return false;
}

/** The parameter of a path that fits, an empty text when it has none, null when it does not fit. */
function match(pattern: string, path: string): string | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  let parameter = '';
  for (const [at, segment] of wanted.entries()) {
    const actual = given[at] ?? '';
    if (segment === '*') parameter = decodeURIComponent(actual);
    else if (segment !== actual) return null;
  }
  return parameter;
}
