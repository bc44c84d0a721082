import type { z } from 'zod';
import type { GatewayFetch } from './gateway-fetch.ts';
import { failureIn, RequestFailed } from './request-failed.ts';

export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** Calls of the gateway by the shapes that both sides share. Failures are `RequestFailed`. */
export interface Calls {
  readonly json: <T>(
    shape: z.ZodType<T>,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ) => Promise<T>;
  readonly file: (path: string) => Promise<NamedFile>;
}

export function callsOver(ask: GatewayFetch): Calls {
  const answered = async (request: Request): Promise<Response> => {
    const response = await ask(request);
    if (response.ok) return response;
    throw new RequestFailed(response.status, failureIn(await response.json().catch(() => null)));
  };
  return {
    json: async (shape, method, path, body) => {
      const response = await answered(new Request(path, { method, ...bodyOf(body) }));
      return shape.parse(await response.json());
    },
    file: async (path) => {
      const response = await answered(new Request(path));
      const name = fileNameIn(response.headers.get('content-disposition'));
      return { name: name ?? 'baton', blob: await response.blob() };
    },
  };
}

function bodyOf(body: unknown): RequestInit {
  if (body === undefined) return {};
  // The browser writes the boundary between the parts of a form itself.
  if (body instanceof FormData) return { body };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

/** The name that the gateway gives a file, also one in letters beyond ASCII (RFC 6266). */
export function fileNameIn(disposition: string | null): string | null {
  if (disposition === null) return null;
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) return decoded(extended.trim());
  return /filename\s*=\s*"?([^";]+)"?/i.exec(disposition)?.[1]?.trim() ?? null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
