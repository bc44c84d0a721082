import type { Clock } from '@baton/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventSink, ServerEvent } from './event-sink.ts';

export interface EventStreamLimits {
  /** Proxies cut connections on which nothing moves, most of them after 30 or 60 s. */
  readonly heartbeatMs: number;
  /** A reader that takes nothing for this long while data waits is sent away; it comes back by `Last-Event-ID`. */
  readonly stallMs: number;
  /** More than this is never kept for one reader. */
  readonly maxBufferedBytes: number;
}

export const EVENT_STREAM_LIMITS: EventStreamLimits = {
  heartbeatMs: 15_000,
  stallMs: 30_000,
  maxBufferedBytes: 1_048_576,
};

/** How long a browser waits before it comes back. Short: what was missed is in the log. */
const RETRY_MS = 1_000;

/** True when the client asks for `text/event-stream` by name; a wildcard asks for nothing special. */
export function wantsEventStream(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '')
    .split(',')
    .some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream');
}

/**
 * One SSE answer. Nothing is sent before `start` (or the first `write`), so a failure up to there is an ordinary error
 * answer. `signal` is aborted when the stream is over, whoever ended it: client, a stall, or our shutdown.
 */
export class EventStream implements EventSink {
  private readonly reply: FastifyReply;
  private readonly clock: Clock;
  private readonly limits: EventStreamLimits;
  private readonly over = new AbortController();
  private readonly onClose = (): void => this.finish('left');
  private stopHeartbeat: () => void = () => undefined;
  private hasStarted = false;

  constructor(reply: FastifyReply, clock: Clock, limits: EventStreamLimits) {
    this.reply = reply;
    this.clock = clock;
    this.limits = limits;
    reply.raw.once('close', this.onClose);
    // A client that left before the handler ran has no `close` event left to give.
    if (reply.raw.destroyed) this.finish('left');
  }

  get signal(): AbortSignal {
    return this.over.signal;
  }

  get isStarted(): boolean {
    return this.hasStarted;
  }

  start(): void {
    if (this.hasStarted || this.over.signal.aborted) return;
    this.hasStarted = true;
    const { reply } = this;
    reply.hijack();
    reply.raw.writeHead(reply.statusCode, {
      // What plugins have put on the reply: a hijacked one does not send it by itself.
      ...(reply.getHeaders() as Record<string, string | string[]>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    reply.raw.write(`retry: ${RETRY_MS}\n\n`);
    this.heartbeat();
  }

  /** Never waits. A reader for whom too much would have to be kept loses its connection. */
  write({ id, event, json }: ServerEvent): void {
    this.start();
    if (this.over.signal.aborted) return;
    const { raw } = this.reply;
    raw.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`);
    if (raw.writableLength > this.limits.maxBufferedBytes) this.cut('too slow');
  }

  /** True while the reader has not taken what it was sent; a source that can skip should. */
  get isCongested(): boolean {
    return this.reply.raw.writableNeedDrain;
  }

  /** Resolves when the reader has room again or the stream is over; ends the stream when that takes too long. */
  drained(): Promise<void> {
    const { raw } = this.reply;
    if (!raw.writableNeedDrain || this.over.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        cancelStall();
        raw.off('drain', settle);
        this.over.signal.removeEventListener('abort', settle);
        resolve();
      };
      const cancelStall = this.clock.after(this.limits.stallMs, () => this.cut('stalled'));
      raw.once('drain', settle);
      this.over.signal.addEventListener('abort', settle, { once: true });
    });
  }

  /** Ends the answer in good order. Safe to call twice. */
  close(): void {
    if (this.hasStarted && !this.over.signal.aborted) this.reply.raw.end();
    this.finish('closed');
  }

  /** Ends it without sending what is still kept. */
  private cut(reason: string): void {
    this.finish(reason);
    this.reply.raw.destroy();
  }

  private finish(reason: string): void {
    if (this.over.signal.aborted) return;
    this.stopHeartbeat();
    this.reply.raw.off('close', this.onClose);
    this.over.abort(reason);
  }

  private heartbeat(): void {
    this.stopHeartbeat = this.clock.after(this.limits.heartbeatMs, () => {
      if (!this.isCongested) this.reply.raw.write(':\n\n');
      this.heartbeat();
    });
  }
}
