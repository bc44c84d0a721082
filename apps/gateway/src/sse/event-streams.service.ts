import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, Log, Metrics } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import { EVENT_STREAM_LIMITS, EventStream, type EventStreamLimits } from './event-stream.ts';

export const EVENT_STREAM_SETTINGS = Symbol('EVENT_STREAM_SETTINGS');

export interface EventStreamSettings extends EventStreamLimits {
  /** Open streams of one user over all tabs and devices, on this process. */
  readonly perUser: number;
}

export const DEFAULT_EVENT_STREAMS: EventStreamSettings = { ...EVENT_STREAM_LIMITS, perUser: 64 };

/** All SSE answers of this process: so many per user and no more, and none outlives the shutdown. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly settings: EventStreamSettings;
  private readonly byUser = new Map<number, Set<EventStream>>();

  constructor(
    @Inject(CLOCK) clock: Clock,
    @Inject(Log) log: Log,
    @Inject(Metrics) metrics: Metrics,
    @Inject(EVENT_STREAM_SETTINGS) settings: EventStreamSettings,
  ) {
    this.clock = clock;
    this.log = log;
    this.settings = settings;
    const open = metrics.gauge({
      name: 'baton_gateway_event_streams',
      help: 'Open SSE answers',
      collect: () => {
        open.set(this.openCount);
      },
    });
  }

  get openCount(): number {
    let count = 0;
    for (const streams of this.byUser.values()) count += streams.size;
    return count;
  }

  /**
   * Runs `work` with a stream that ends with it. A failure before the first event is thrown on, to become an ordinary
   * error answer; one after it can only end the stream, and the reader comes back by itself.
   *
   * @throws AppError `request.too_many` when the user has too many streams open
   */
  async serve(
    userId: number,
    reply: FastifyReply,
    work: (stream: EventStream) => Promise<void>,
  ): Promise<void> {
    const streams = this.byUser.get(userId) ?? new Set<EventStream>();
    if (streams.size >= this.settings.perUser) {
      void reply.header('retry-after', '5');
      throw new AppError('request.too_many', { userId, openStreams: streams.size });
    }
    const stream = new EventStream(reply, this.clock, this.settings);
    streams.add(stream);
    this.byUser.set(userId, streams);
    try {
      await work(stream);
    } catch (error) {
      if (!stream.isStarted) throw error;
      if (!stream.signal.aborted) this.log.error('stream.fail', error, { userId });
    } finally {
      stream.close();
      streams.delete(stream);
      if (streams.size === 0) this.byUser.delete(userId);
    }
  }

  beforeApplicationShutdown(): void {
    for (const streams of this.byUser.values()) for (const stream of streams) stream.close();
  }
}
