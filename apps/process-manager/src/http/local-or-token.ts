import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@baton/kernel';

/** What is known of who asks, before anything of the request is believed. */
export interface Asker {
  /** The other end of the connection. */
  readonly address: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** A proxy in front speaks for somebody else: its own being on this machine says nothing. */
const SPEAKS_FOR_OTHERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

/**
 * Who may look at this process and make it do things. Checked in this order:
 *   1. whoever shows the token may, from anywhere; a wrong one is refused even on this machine;
 *   2. a page of another site may not: it comes from this machine as well, in a browser that was lured there. It gives
 *      itself away by its origin, or by the name it used for us, which is no name of this machine;
 *   3. whoever is on this machine may;
 *   4. nobody else.
 *
 * @throws AppError `auth.required`, `auth.foreign_origin`
 */
export function mayAsk({ address, headers }: Asker, token: string | null): void {
  const { authorization } = headers;
  if (authorization !== undefined) {
    if (token !== null && isSame(authorization, `Bearer ${token}`)) return;
    throw new AppError('auth.required');
  }
  const isDirect = SPEAKS_FOR_OTHERS.every((name) => headers[name] === undefined);
  if (!isDirect || !isLoopbackAddress(address)) throw new AppError('auth.required');
  if (!isLoopbackHost(headers.host) || isForeign(headers)) throw new AppError('auth.foreign_origin');
}

export function isLoopbackAddress(address: string | undefined): boolean {
  const plain = address?.replace(/^::ffff:/i, '');
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain ?? '');
}

/** A name that another site has pointed at this machine is not one of its own. */
function isLoopbackHost(host: string | undefined): boolean {
  const name = /^(\[[^\]]+\]|[^:]+)(:\d{1,5})?$/.exec(host ?? '')?.[1]?.toLowerCase();
  return name === 'localhost' || name === '[::1]' || (name !== undefined && isLoopbackAddress(name));
}

function isForeign(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined && origin !== `http://${host ?? ''}`) return true;
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
