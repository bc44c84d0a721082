import type { IncomingMessage } from 'node:http';
import { GUARD_HEADERS } from '@baton/contracts';

/** They speak of one connection, not of the request: each side of the guard has its own. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Not the engine's business: who asks, with what right, from where. An `Origin` of ours would make both engines refuse,
 * and `Expect` was answered by us.
 */
const OURS = new Set<string>([
  ...Object.values(GUARD_HEADERS),
  'host',
  'origin',
  'referer',
  'cookie',
  'authorization',
  'expect',
  'forwarded',
]);
const OURS_PREFIXES = ['sec-fetch-', 'x-forwarded-', 'x-baton-'];

/** Headers of a request as the engine gets them, in their order, names as they came. */
export function requestHeaders(message: IncomingMessage): string[] {
  return kept(message, (name) => !OURS.has(name) && !OURS_PREFIXES.some((prefix) => name.startsWith(prefix)));
}

/** Headers of an answer as the client gets them. */
export function responseHeaders(message: IncomingMessage): string[] {
  return kept(message, (name) => name !== 'set-cookie');
}

function kept(message: IncomingMessage, isPassed: (name: string) => boolean): string[] {
  const perConnection = new Set(
    (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()),
  );
  const result: string[] = [];
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    const name = message.rawHeaders[at] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || perConnection.has(lower) || !isPassed(lower)) continue;
    result.push(name, message.rawHeaders[at + 1] ?? '');
  }
  return result;
}
