import type { IncomingMessage, ServerResponse } from 'node:http';
import { OllamaError } from '../ollama-error.ts';
import type { OllamaEngine } from '../engine.ts';

/** One request and its answer, with a signal that aborts when the client goes away before the end. */
export interface Exchange {
  readonly engine: OllamaEngine;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: string;
  /** What stands for `:name` in the route. */
  readonly parameter: string;
  readonly signal: AbortSignal;
}

export type Route = (exchange: Exchange) => Promise<void> | void;

/** Aborts when the connection closes before the answer is complete. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new OllamaError(499, 'request canceled'));
  });
  return controller.signal;
}

/**
 * A streamed answer. Status and headers leave with the first chunk, so that an error before it still has a status
 * of its own.
 */
export class Stream {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  readonly #contentType: string;

  constructor(exchange: Exchange, contentType: string) {
    this.#response = exchange.response;
    this.#signal = exchange.signal;
    this.#contentType = contentType;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Waits while the client does not read. Throws the signal's reason when the client leaves. */
  async write(chunk: string): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.hasBegun) this.#response.writeHead(200, { 'content-type': this.#contentType });
    if (this.#response.write(chunk)) return;
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => reject(this.#signal.reason as Error);
      this.#signal.addEventListener('abort', leave, { once: true });
      this.#response.once('drain', () => {
        this.#signal.removeEventListener('abort', leave);
        resolve();
      });
    });
  }

  end(): void {
    if (!this.hasBegun) this.#response.writeHead(200, { 'content-type': this.#contentType });
    this.#response.end();
  }
}

/** One JSON object per line. An error after the first line becomes the last line, under HTTP 200. */
export async function streamLines(exchange: Exchange, lines: AsyncIterable<unknown>): Promise<void> {
  const stream = new Stream(exchange, 'application/x-ndjson');
  try {
    for await (const line of lines) await stream.write(`${JSON.stringify(line)}\n`);
  } catch (cause) {
    if (!stream.hasBegun || exchange.signal.aborted) throw cause;
    await stream.write(`${JSON.stringify({ error: textOf(cause) })}\n`);
  }
  stream.end();
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  const type = status === 200 ? 'text/plain; charset=utf-8' : 'text/plain';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

export function sendEmpty(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 0 });
  response.end();
}

export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** RFC 3339 in UTC with nanoseconds, as `created_at` has it. */
export function utcTime(): string {
  const extra = Math.floor((performance.now() % 1) * 1e6);
  return new Date().toISOString().replace('Z', `${String(extra).padStart(6, '0')}Z`);
}

/** RFC 3339 with the machine's offset from UTC, as `expires_at` and `modified_at` have it. */
export function localTime(ms: number): string {
  const offset = -new Date(ms).getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, '0');
  const local = new Date(ms + offset * 60_000).toISOString().replace('Z', '000000');
  return `${local}${sign}${two(offset / 60)}:${two(offset % 60)}`;
}
