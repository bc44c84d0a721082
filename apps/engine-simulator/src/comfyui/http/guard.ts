import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/**
 * Without a CORS flag the server refuses what a page of another site sends: a foreign `Origin` on a loopback host, and
 * whatever a browser marks as cross-site. Server-side clients send neither.
 */
export function isForeign(headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return true;
  const { host, origin } = headers;
  if (host === undefined || origin === undefined || !URL.canParse(`http://${host}`)) return false;
  if (!LOOPBACK.test(new URL(`http://${host}`).hostname)) return false;
  return URL.canParse(origin) && new URL(origin).host !== host;
}

export function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, GET, DELETE, PUT, OPTIONS, PATCH',
    'access-control-allow-headers': 'Content-Type, Authorization',
    'access-control-allow-credentials': 'true',
  };
}
