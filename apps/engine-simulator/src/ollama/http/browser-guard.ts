import { hostname } from 'node:os';
import { isIP } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';

const LOCAL_ORIGINS =
  /^(https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(:\d+)?|(app|file|tauri|vscode-webview|vscode-file):\/\/.*)$/i;

/**
 * Keeps foreign web pages out: an `Origin` that is not of this machine, or, when bound to loopback, a `Host` that is
 * not, gets 403 without a body. True when the request may go on; an answer to a preflight has been sent otherwise.
 */
export function admitBrowser(request: IncomingMessage, response: ServerResponse, boundTo: string): boolean {
  const { origin, host } = request.headers;
  if (
    (origin !== undefined && !LOCAL_ORIGINS.test(origin)) ||
    (isLoopback(boundTo) && !isLocalHost(host ?? ''))
  ) {
    response.writeHead(403).end();
    return false;
  }
  if (origin === undefined) return true;
  response.setHeader('access-control-allow-origin', origin);
  if (request.method !== 'OPTIONS') return true;
  response.writeHead(204, {
    'access-control-allow-methods': 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS',
    'access-control-allow-headers': 'Authorization,Content-Type,User-Agent,Accept',
  });
  response.end();
  return false;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function isLocalHost(header: string): boolean {
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (name === '' || name === 'localhost' || name === hostname().toLowerCase()) return true;
  if (isIP(name)) return isLoopback(name) || /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd])/.test(name);
  return /\.(localhost|local|internal)$/.test(name);
}
