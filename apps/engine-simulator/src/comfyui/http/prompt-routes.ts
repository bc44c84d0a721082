import { randomUUID } from 'node:crypto';
import type { Prompt } from '../prompt.ts';
import { isRecord } from '../prompt.ts';
import { pythonText } from '../python-values.ts';
import { isAtLeast } from '../settings.ts';
import type { ValidationError } from '../validation.ts';
import { problem, validatePrompt } from '../validation.ts';
import type { Exchange } from './exchange.ts';
import type { Route, ServerParts } from './server-parts.ts';
import { choicesNow } from './server-parts.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Never shown again in queue or history. */
const SECRETS = ['api_key_comfy_org', 'auth_token_comfy_org'];

/** Routes of the queue. The counter lives here: it goes on for rejected prompts too. */
export function promptRoutes(): Route[] {
  const counter = { next: 0 };
  return [
    {
      method: 'GET',
      path: '/prompt',
      answer: (exchange, { queue }) => exchange.sendJson(200, execInfo(queue.remaining)),
    },
    { method: 'POST', path: '/prompt', answer: (exchange, server) => postPrompt(exchange, server, counter) },
    { method: 'GET', path: '/queue', answer: getQueue },
    { method: 'POST', path: '/queue', answer: changeQueue },
    { method: 'GET', path: '/history', answer: getHistory },
    { method: 'GET', path: '/history/*', answer: getHistoryEntry },
    { method: 'POST', path: '/history', answer: changeHistory },
    { method: 'POST', path: '/interrupt', answer: interrupt },
    { method: 'POST', path: '/free', answer: free },
  ];
}

function execInfo(remaining: number): unknown {
  return { exec_info: { queue_remaining: remaining } };
}

async function postPrompt(exchange: Exchange, server: ServerParts, counter: { next: number }): Promise<void> {
  const body = await exchange.object();
  const number = numberOf(body, counter);
  const { settings } = server;
  if (!('prompt' in body)) {
    refuse(exchange, problem('no_prompt', 'No prompt provided', 'No prompt provided'));
    return;
  }
  const id = pythonText(body['prompt_id'] ?? randomUUID());
  if (isAtLeast(settings, '0.25.0') && !UUID.test(id)) {
    refuse(
      exchange,
      problem('invalid_prompt_id', 'Invalid prompt_id', 'prompt_id must be a canonical lowercase UUID'),
    );
    return;
  }
  const prompt = asPrompt(body['prompt']);
  const { partial_execution_targets: targets } = body;
  const verdict = validatePrompt(prompt, Array.isArray(targets) ? targets.map(String) : null, {
    ...{ registry: server.registry, folders: server.folders },
    choices: choicesNow(server),
  });
  if (!verdict.accepted) {
    refuse(exchange, verdict.error, verdict.nodeErrors);
    return;
  }
  server.queue.put([number, id, prompt, extraDataOf(body, server), verdict.outputs]);
  exchange.sendJson(200, { prompt_id: id, number, node_errors: verdict.nodeErrors });
}

function refuse(exchange: Exchange, error: ValidationError, nodeErrors: unknown = {}): void {
  exchange.sendJson(400, { error, node_errors: nodeErrors });
}

function numberOf(body: Record<string, unknown>, counter: { next: number }): number {
  if ('number' in body) {
    const given = Number(body['number']);
    if (Number.isNaN(given) || body['number'] === null) throw new TypeError('could not convert to float');
    return given;
  }
  const number = body['front'] === true ? -counter.next : counter.next;
  counter.next += 1;
  return number;
}

/** Throws for what the real server's code would stumble over, which answers 500. */
function asPrompt(given: unknown): Prompt {
  if (!isRecord(given) || !Object.values(given).every(isRecord))
    throw new TypeError('the prompt is no graph');
  return given as unknown as Prompt;
}

function extraDataOf(body: Record<string, unknown>, { settings }: ServerParts): Record<string, unknown> {
  const given = isRecord(body['extra_data']) ? body['extra_data'] : {};
  const kept = Object.entries(given).filter(([key]) => !SECRETS.includes(key));
  return {
    ...Object.fromEntries(kept),
    ...('client_id' in body ? { client_id: body['client_id'] } : {}),
    ...(isAtLeast(settings, '0.3.69') ? { create_time: Date.now() } : {}),
  };
}

function getQueue(exchange: Exchange, { queue }: ServerParts): void {
  exchange.sendJson(200, {
    queue_running: queue.running === null ? [] : [queue.running],
    queue_pending: queue.pending,
  });
}

async function changeQueue(exchange: Exchange, { queue }: ServerParts): Promise<void> {
  const body = await exchange.object();
  if (body['clear'] === true) queue.clearPending();
  for (const id of namedIds(body)) queue.deletePending(id);
  exchange.sendEmpty(200);
}

function getHistory(exchange: Exchange, { queue }: ServerParts): void {
  const maxItems = whole(exchange.query.get('max_items'));
  const offset = whole(exchange.query.get('offset'));
  exchange.sendJson(200, queue.historyPage(maxItems, offset ?? -1));
}

function getHistoryEntry(exchange: Exchange, { queue }: ServerParts, id: string): void {
  const entry = queue.history(id);
  exchange.sendJson(200, entry === undefined ? {} : { [id]: entry });
}

async function changeHistory(exchange: Exchange, { queue }: ServerParts): Promise<void> {
  const body = await exchange.object();
  if (body['clear'] === true) queue.clearHistory();
  for (const id of namedIds(body)) queue.deleteHistory(id);
  exchange.sendEmpty(200);
}

/** Always 200: an id that does not run is silently ignored. */
async function interrupt(exchange: Exchange, server: ServerParts): Promise<void> {
  const text = (await exchange.bytes()).toString('utf8');
  let asked: unknown = null;
  try {
    asked = JSON.parse(text);
  } catch {
    // The one route that takes an empty body.
  }
  if (server.faults.strike('interruptIgnored')) {
    exchange.sendEmpty(200);
    return;
  }
  const id = isRecord(asked) && isAtLeast(server.settings, '0.3.57') ? asked['prompt_id'] : undefined;
  if (id === undefined || id === null || server.queue.running?.[1] === id) server.interruption.request();
  exchange.sendEmpty(200);
}

/** Answers before anything is freed: the worker acts on the flags between prompts. */
async function free(exchange: Exchange, { queue }: ServerParts): Promise<void> {
  const body = await exchange.object();
  queue.setFlags({ unloadModels: body['unload_models'] === true, freeMemory: body['free_memory'] === true });
  exchange.sendEmpty(200);
}

function namedIds(body: Record<string, unknown>): string[] {
  return Array.isArray(body['delete']) ? body['delete'].map(String) : [];
}

function whole(text: string | null): number | null {
  if (text === null) return null;
  if (!/^-?\d+$/.test(text)) throw new TypeError('invalid literal for int()');
  return Number(text);
}
