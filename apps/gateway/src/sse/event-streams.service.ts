import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, Log, Metrics } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import { EventStream } from './event-stream.ts';
import { EVENT_STREAM_SETTINGS, StreamSlots, type EventStreamSettings } from './stream-slots.service.ts';

/** All SSE answers of this process; none outlives the shutdown. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly settings: EventStreamSettings;
  private readonly slots: StreamSlots;
  private readonly open = new Set<EventStream>();

  constructor(
    @Inject(CLOCK) clock: Clock,
    @Inject(Log) log: Log,
    @Inject(Metrics) metrics: Metrics,
    @Inject(EVENT_STREAM_SETTINGS) settings: EventStreamSettings,
    @Inject(StreamSlots) slots: StreamSlots,
  ) {
    this.clock = clock;
    this.log = log;
    this.settings = settings;
    this.slots = slots;
    const open = metrics.gauge({
      name: 'baton_gateway_event_streams',
      help: 'Open SSE answers',
      collect: () => {
        open.set(this.openCount);
      },
    });
  }

  get openCount(): number {
    return this.open.size;
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
    const release = this.slots.take(userId);
    if (release === null) {
      void reply.header('retry-after', '5');
      throw new AppError('request.too_many', { userId });
    }
    const stream = new EventStream(reply, this.clock, this.settings);
    this.open.add(stream);
    try {
      await work(stream);
    } catch (error) {
      if (!stream.isStarted) throw error;
      if (!stream.signal.aborted) this.log.error('stream.fail', error, { userId });
    } finally {
      stream.close();
      this.open.delete(stream);
      release();
    }
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.open) stream.close();
  }
}
