import { findJob, listJobs, readJobQuery } from '../jobs.ts';
import { isAtLeast } from '../settings.ts';
import type { Exchange } from './exchange.ts';
import { HttpAnswer } from './exchange.ts';
import type { Route, ServerParts } from './server-parts.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const JOB_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/jobs', isApiOnly: true, answer: getJobs },
  { method: 'POST', path: '/jobs/cancel', isApiOnly: true, answer: cancelMany },
  { method: 'GET', path: '/jobs/*', isApiOnly: true, answer: getJob },
  { method: 'POST', path: '/jobs/*/cancel', isApiOnly: true, answer: cancelOne },
];

/** A route that this version does not have is any unknown path. */
function since(server: ServerParts, version: `${number}.${number}.${number}`): void {
  if (!isAtLeast(server.settings, version)) throw new HttpAnswer(404);
}

function getJobs(exchange: Exchange, server: ServerParts): void {
  since(server, '0.6.0');
  const query = readJobQuery(exchange.query);
  if (typeof query === 'string') exchange.sendJson(400, { error: query });
  else exchange.sendJson(200, listJobs(server.queue, query));
}

function getJob(exchange: Exchange, server: ServerParts, id: string): void {
  since(server, '0.6.0');
  const job = findJob(server.queue, id);
  if (job === null) exchange.sendJson(404, { error: 'Job not found' });
  else exchange.sendJson(200, job);
}

function cancelOne(exchange: Exchange, server: ServerParts, id: string): void {
  since(server, '0.26.0');
  exchange.sendJson(200, { cancelled: cancel(server, id) });
}

async function cancelMany(exchange: Exchange, server: ServerParts): Promise<void> {
  since(server, '0.26.0');
  const { job_ids: ids } = await exchange.object();
  if (!Array.isArray(ids)) {
    exchange.sendJson(400, { error: 'job_ids must be a list of UUIDs' });
    return;
  }
  const invalid = ids.filter((id) => typeof id !== 'string' || !UUID.test(id));
  if (invalid.length > 0) {
    exchange.sendJson(400, { error: 'Invalid job ids', invalid_ids: invalid });
    return;
  }
  const cancelled = ids.map((id) => cancel(server, String(id)));
  exchange.sendJson(200, { cancelled: cancelled.includes(true) });
}

/** A waiting one leaves the queue, a running one is interrupted, any other is left alone. */
function cancel({ queue, interruption }: ServerParts, id: string): boolean {
  if (queue.running?.[1] === id) {
    interruption.request();
    return true;
  }
  return queue.deletePending(id);
}
