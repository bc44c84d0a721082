import { AppError } from '@baton/kernel';
import axios, { AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import type { z } from 'zod';
import type { EngineDoor } from './engine-door.ts';
import { isAway, parseJson, refusalOfGuard, type Refusal } from './engine-refusal.ts';

/** A PNG of the largest size that we ask for stays far below. */
const MAX_ANSWER_BYTES = 128 * 1_048_576;

/** What an engine's refusal means, where that is more than "it failed"; null leaves it at that. */
export type RefusalReading = (
  refusal: Refusal,
  details: Readonly<Record<string, unknown>>,
) => AppError | null;

/** HTTP with an engine through the guard. Neither what we sent nor what came back gets into an error: both hold prompts. */
export class EngineHttp {
  private readonly http: AxiosInstance;
  private readonly signal: AbortSignal;
  private readonly read: RefusalReading;

  /** @param signal ends every request; its reason is what they throw then */
  constructor(door: Pick<EngineDoor, 'url' | 'headers'>, signal: AbortSignal, read: RefusalReading) {
    this.signal = signal;
    this.read = read;
    this.http = axios.create({
      baseURL: door.url,
      headers: { ...door.headers },
      signal,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
      responseType: 'arraybuffer',
    });
  }

  /** @throws AppError `engine.failed` also for an answer of another shape */
  async json<S extends z.ZodType>(shape: S, request: AxiosRequestConfig): Promise<z.output<S>> {
    const bytes = await this.bytes(request);
    const parsed = shape.safeParse(parseJson(bytes.toString('utf8')));
    if (parsed.success) return parsed.data;
    throw new AppError('engine.failed', { path: request.url, reason: 'unknown shape' });
  }

  /**
   * @throws AppError `gpu.lease_lost`, `engine.unavailable`, `engine.failed`, or what the engine's refusal was read as; the
   *   signal's reason when it was aborted
   */
  async bytes(request: AxiosRequestConfig): Promise<Buffer> {
    try {
      return Buffer.from((await this.http.request<ArrayBuffer>(request)).data);
    } catch (error) {
      this.signal.throwIfAborted();
      throw this.translate(error, request);
    }
  }

  private translate(error: unknown, { method, url }: AxiosRequestConfig): AppError {
    if (!(error instanceof AxiosError)) return new AppError('engine.failed', { path: url }, { cause: error });
    const { response, code: reason } = error;
    const details = { method, path: url, status: response?.status, reason };
    // Not the error as the cause: it carries the request with its body.
    if (response === undefined) return new AppError('engine.unavailable', details);
    const refusal: Refusal = {
      status: response.status,
      contentType: String(response.headers['content-type'] ?? ''),
      body: Buffer.from(response.data as ArrayBuffer).toString('utf8'),
    };
    return (
      refusalOfGuard(refusal, details) ??
      this.read(refusal, details) ??
      new AppError(isAway(refusal.status) ? 'engine.unavailable' : 'engine.failed', details)
    );
  }
}
