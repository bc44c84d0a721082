import { unroutedAnswers, type ServiceOptions } from '@baton/platform';
import type { GatewayConfig } from './config.ts';

/**
 * By then a request must be here, body and all: a picture of 20 MB over a slow line from home. Whoever drips holds a
 * connection no longer.
 */
const REQUEST_MS = 120_000;

/** Fastify's 100 are less than the token of an address that opens one picture. No route of ours matches by an expression. */
const MAX_PARAM_LENGTH = 1_000;

/** Options of the server that everybody outside talks to. */
export function httpServerOptions(
  { http }: Pick<GatewayConfig, 'http'>,
  requestMs = REQUEST_MS,
): NonNullable<ServiceOptions['fastify']> {
  return {
    ...unroutedAnswers,
    trustProxy: http.trustProxy === true ? isNearest : http.trustProxy,
    requestTimeout: requestMs,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: ({ url = '/' }) => withoutSlash(url),
    // Of two times Node takes the shorter for the headers and the longer for the whole: so both are the same.
    http: { headersTimeout: requestMs, connectionsCheckingInterval: Math.ceil(requestMs / 6) },
  };
}

/** The one route that older clients know with a slash at its end, `/api/chat/`, is the same without it. */
function withoutSlash(url: string): string {
  return url.replace(/^\/api\/chat\/(?=$|\?)/, '/api/chat');
}

/**
 * `TRUST_PROXY=true` believes the one proxy that is connected to us and nobody behind it: a proxy adds to an
 * `X-Forwarded-For` that came from outside, so the entries in front of its own are the client's own words.
 */
function isNearest(_address: string, hop: number): boolean {
  return hop === 0;
}
