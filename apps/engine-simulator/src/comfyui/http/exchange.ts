import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTooLarge, sendJson } from '../../listening.ts';

/** Ends the work on a request with this answer. */
export class HttpAnswer extends Error {
  readonly status: number;
  readonly text: string | null;

  /** Without a text the body is empty, with no content type to speak of. */
  constructor(status: number, text: string | null = null) {
    super(text ?? `HTTP ${status}`);
    this.status = status;
    this.text = text;
  }
}

const SERVER_ERROR = '500 Internal Server Error\n\nServer got itself in trouble';

/** One request and its answer. */
export class Exchange {
  readonly method: string;
  /** Without the `/api` prefix. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #limitBytes: number;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    where: { path: string; query: URLSearchParams; limitBytes: number },
  ) {
    this.method = request.method ?? 'GET';
    this.path = where.path;
    this.query = where.query;
    this.request = request;
    this.response = response;
    this.#limitBytes = where.limitBytes;
  }

  async bytes(): Promise<Buffer<ArrayBuffer>> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > this.#limitBytes) throw new BodyTooLarge(tooLarge(this.#limitBytes, size));
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** The body as JSON; what is no JSON ends in the server's 500. */
  async json(): Promise<unknown> {
    const text = (await this.bytes()).toString('utf8');
    try {
      return JSON.parse(text);
    } catch {
      throw new HttpAnswer(500, SERVER_ERROR);
    }
  }

  /** As `json`, for the routes that need an object. */
  async object(): Promise<Record<string, unknown>> {
    const body = await this.json();
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new HttpAnswer(500, SERVER_ERROR);
    return body as Record<string, unknown>;
  }

  sendJson(status: number, body: unknown): void {
    sendJson(this.response, status, body);
  }

  /** A status and nothing else. */
  sendEmpty(status: number, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { ...headers, 'content-length': 0 });
    this.response.end();
  }

  sendText(status: number, text: string): void {
    this.response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    });
    this.response.end(text);
  }

  /** Answers for a failure: what was meant, what was too large, and whatever else went wrong. */
  fail(cause: unknown): void {
    if (this.response.headersSent || this.response.destroyed) {
      this.response.destroy();
      return;
    }
    if (cause instanceof BodyTooLarge) {
      // The rest of the body is not read, so the connection cannot be used again.
      this.response.setHeader('connection', 'close');
      this.sendText(413, cause.message);
      return;
    }
    if (!(cause instanceof HttpAnswer)) this.sendText(500, SERVER_ERROR);
    else if (cause.text === null)
      this.sendEmpty(cause.status, { 'content-type': 'application/octet-stream' });
    else this.sendText(cause.status, cause.text);
  }
}

function tooLarge(limit: number, actual: number): string {
  return `Maximum request body size ${limit} exceeded, actual body size ${actual}`;
}
