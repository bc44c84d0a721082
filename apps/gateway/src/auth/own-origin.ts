import type { FastifyRequest } from 'fastify';

/** True when the page that asks (`origin`, as browsers send it) is our own or one of those that were allowed. */
export function isOwnOrigin(
  origin: string,
  request: Pick<FastifyRequest, 'host'>,
  allowed: ReadonlySet<string>,
): boolean {
  return allowed.has(origin) || hostOf(origin) === request.host;
}

/** Undefined for `null`, which sandboxed pages send. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
