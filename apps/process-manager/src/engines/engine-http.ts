import type { Readable } from 'node:stream';
import { AppError } from '@baton/kernel';
import { Agent, request } from 'undici';
import type { z } from 'zod';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

type Method = 'GET' | 'POST' | 'DELETE';

/** Requests of our own to an engine: kept-alive connections, no time limit but the caller's signal. */
export class EngineHttp {
  private readonly agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connectTimeout: 2_000 });

  /** @throws AppError `engine.unavailable` when there is no answer, the signal's reason when it aborts */
  async send(method: Method, url: string, body: unknown, signal?: AbortSignal): Promise<HttpAnswer> {
    try {
      const response = await this.request(method, url, body, signal);
      return { status: response.statusCode, text: await response.body.text() };
    } catch (cause) {
      signal?.throwIfAborted();
      throw new AppError('engine.unavailable', { url: new URL(url).pathname }, { cause });
    }
  }

  /** As `send`, for an answer that comes bit by bit: whoever gets it reads it, or destroys it. */
  async open(
    method: Method,
    url: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: Readable }> {
    try {
      const response = await this.request(method, url, body, signal);
      return { status: response.statusCode, body: response.body };
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.unavailable', { url: new URL(url).pathname }, { cause });
    }
  }

  /** @throws AppError as `send`; `engine.failed` for another status than 200 or another shape than the schema's */
  async getJson<S extends z.ZodType>(url: string, schema: S, signal?: AbortSignal): Promise<z.output<S>> {
    return parse(url, await this.send('GET', url, undefined, signal), schema);
  }

  async postJson<S extends z.ZodType>(
    url: string,
    body: unknown,
    schema: S,
    signal?: AbortSignal,
  ): Promise<z.output<S>> {
    return parse(url, await this.send('POST', url, body, signal), schema);
  }

  /** For commands that have nothing to say. */
  async post(url: string, body: unknown, signal?: AbortSignal): Promise<void> {
    const { status } = await this.send('POST', url, body, signal);
    if (status !== 200) throw new AppError('engine.failed', { url: new URL(url).pathname, status });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private request(method: Method, url: string, body: unknown, signal: AbortSignal | undefined) {
    return request(url, {
      method,
      dispatcher: this.agent,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }
}

function parse<S extends z.ZodType>(url: string, answer: HttpAnswer, schema: S): z.output<S> {
  const details = { url: new URL(url).pathname, status: answer.status };
  if (answer.status !== 200) throw new AppError('engine.failed', details);
  try {
    return schema.parse(JSON.parse(answer.text));
  } catch (cause) {
    throw new AppError('engine.failed', details, { cause });
  }
}
