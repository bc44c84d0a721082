import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { AppError } from '@baton/kernel';
import type { Passing } from './lease-use.ts';
import { requestHeaders, responseHeaders } from './passed-headers.ts';
import { answerProblem } from './refusal.ts';

export interface HttpPassage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly agent: Agent;
  /** Address of the engine, and path with query on it. */
  readonly engineUrl: string;
  readonly path: string;
  /** The body when it was read already; else it is passed on as it comes. */
  readonly body: Buffer | null;
  /** What was read of a body whose rest is still to come. */
  readonly head?: readonly Buffer[];
  /** Looks at the rest as it passes by; what it throws ends the passage. */
  readonly check?: (bytes: Buffer) => void;
  /** Told once, when the engine has begun to answer. */
  readonly onAnswer?: (status: number) => void;
}

/**
 * Passes one request on and its answer back, as they come: nothing is gathered, the slower side sets the pace, and when
 * one side goes, the other is closed at once. For Ollama that closing is the only way to stop a generation.
 */
export function forwardHttp(passage: HttpPassage): Passing {
  const { request, response, agent, engineUrl, body } = passage;
  const { hostname, port, host } = new URL(engineUrl);
  const outgoing = httpRequest({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    agent,
    method: request.method,
    path: passage.path,
    headers: ['Host', host, ...withLength(requestHeaders(request), body)],
  });
  const fail = (cause: unknown): void => {
    if (response.headersSent) response.destroy();
    else answerProblem(response, new AppError('engine.unavailable', {}, { cause }));
  };
  outgoing.once('response', (incoming) => {
    passage.onAnswer?.(incoming.statusCode ?? 502);
    response.writeHead(incoming.statusCode ?? 502, responseHeaders(incoming));
    // The head leaves with the bytes that came with it, if any did: on its own it would wake the holder for nothing.
    let hasBytes = false;
    incoming.once('data', () => (hasBytes = true));
    setImmediate(() => {
      if (!hasBytes && !response.writableEnded) response.flushHeaders();
    });
    // `pipe` does not end its target when the source breaks off, and the client must see that it did.
    incoming.once('error', () => response.destroy());
    incoming.pipe(response);
  });
  outgoing.on('error', fail);
  response.once('close', () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  response.on('error', () => outgoing.destroy());
  const ended = new Promise<void>((resolve) => outgoing.once('close', resolve));
  const stop = (reason: unknown): void => {
    outgoing.off('error', fail);
    outgoing.on('error', () => undefined);
    outgoing.destroy();
    if (response.headersSent) response.destroy();
    else answerProblem(response, reason);
  };
  if (body !== null || !mayHaveBody(request)) outgoing.end(body ?? undefined);
  else passBody(passage, outgoing, stop);
  return { ended, cut: () => stop(new AppError('gpu.lease_lost')) };
}

function passBody(
  { request, head = [], check }: HttpPassage,
  outgoing: ClientRequest,
  stop: (reason: unknown) => void,
): void {
  for (const bytes of head) outgoing.write(bytes);
  if (check !== undefined) {
    request.on('data', (bytes: Buffer) => {
      try {
        check(bytes);
      } catch (reason) {
        request.unpipe(outgoing);
        stop(reason);
      }
    });
  }
  request.pipe(outgoing);
}

/** A GET with a body has no framing that every server reads alike; the guard lets none through. */
export function refuseBodyOfGet(request: IncomingMessage): void {
  if (mayHaveBody(request)) return;
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  if (encoding !== undefined || (length !== undefined && length !== '0')) {
    throw new AppError('request.invalid', {}, { issues: [{ path: 'body', message: 'a GET has no body' }] });
  }
}

function mayHaveBody(request: IncomingMessage): boolean {
  return request.method !== 'GET';
}

function withLength(headers: string[], body: Buffer | null): string[] {
  if (body === null) return headers;
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (name.toLowerCase() !== 'content-length') kept.push(name, headers[at + 1] ?? '');
  }
  return [...kept, 'Content-Length', String(body.length)];
}
