import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  STREAM_FIELD,
  gpuEvent,
  gpuKeys,
  gpuStatus,
  readGpuQueue,
  type GpuEvent,
  type GpuStatus,
  type QueueEntry,
} from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { CLOCK, CallClient, Log, RedisConnections, readStream } from '@baton/platform';
import { GPU_SCHEDULER } from '../services.ts';
import type { EventStream } from '../sse/event-stream.ts';
import { queueViewFor } from './queue-view.ts';

export const NODE = Symbol('NODE');

/** The queue is read for all listeners together and at most this often. */
const QUEUE_EVERY_MS = 1_000;

interface Listener {
  readonly userId: number;
  readonly stream: EventStream;
  /** What the listener was sent last; a view that did not change is not sent again. */
  lastStatus: string;
  lastQueue: string;
}

/**
 * What happens to the GPU, for everybody who watches. One stream reader serves all clients of this process. Each event
 * carries the whole present state, so a client that lags simply misses some of the steps between.
 */
@Injectable()
export class GpuFeed implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly redis: RedisConnections;
  private readonly scheduler: CallClient;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly node: string;
  private readonly listeners = new Set<Listener>();
  private readonly stopping = new AbortController();
  private status: GpuStatus | undefined;
  private queue: readonly QueueEntry[] | undefined;
  private queueReadAt = -Infinity;
  private isQueueDue = false;
  private cancelQueueTimer: () => void = () => undefined;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    @Inject(RedisConnections) redis: RedisConnections,
    @Inject(GPU_SCHEDULER) scheduler: CallClient,
    @Inject(CLOCK) clock: Clock,
    @Inject(Log) log: Log,
    @Inject(NODE) node: string,
  ) {
    this.redis = redis;
    this.scheduler = scheduler;
    this.clock = clock;
    this.log = log;
    this.node = node;
  }

  onApplicationBootstrap(): void {
    this.reading = this.read();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.cancelQueueTimer();
    await this.reading;
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  /** Sends the present state and every change until the stream is over. */
  async watch(userId: number, stream: EventStream): Promise<void> {
    stream.start();
    const listener: Listener = { userId, stream, lastStatus: '', lastQueue: '' };
    this.listeners.add(listener);
    try {
      const stored = await this.storedStatus();
      this.status ??= stored;
      this.update(listener);
      this.askForQueue();
      await new Promise<void>((resolve) => {
        if (stream.signal.aborted) resolve();
        else stream.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.rest();
    }
  }

  private async read(): Promise<void> {
    const entries = readStream({
      redis: this.redis.dedicated('gpu-feed'),
      key: gpuKeys(this.node).events,
      from: '$',
      signal: this.stopping.signal,
    });
    for await (const { id, fields } of entries) {
      // Not read for nobody: whoever comes next begins with what is stored.
      if (this.listeners.size === 0) continue;
      const event = parseEvent(fields[STREAM_FIELD]);
      if (event === undefined) this.log.warn('gpu_feed.skip', { entry: id });
      else this.onEvent(event);
    }
  }

  private onEvent(event: GpuEvent): void {
    if (event.type === 'gpu.status') {
      const waitingChanged =
        event.status.waiting !== this.status?.waiting || event.status.running !== this.status.running;
      this.status = event.status;
      if (waitingChanged) this.askForQueue();
      for (const listener of this.listeners) this.update(listener);
    } else {
      this.askForQueue();
    }
  }

  /** Reads the queue now, or as soon as the pause since the last time is over; never without a listener. */
  private askForQueue(): void {
    if (this.isQueueDue || this.listeners.size === 0) return;
    this.isQueueDue = true;
    const waitMs = Math.max(0, this.queueReadAt + QUEUE_EVERY_MS - this.clock.monotonic());
    this.cancelQueueTimer = this.clock.after(waitMs, () => void this.readQueue());
  }

  private async readQueue(): Promise<void> {
    this.queueReadAt = this.clock.monotonic();
    this.isQueueDue = false;
    try {
      const { entries } = await this.scheduler.call(readGpuQueue, {});
      if (this.listeners.size === 0) return;
      this.queue = entries;
      for (const listener of this.listeners) this.update(listener);
    } catch (error) {
      // The scheduler is away: its next event asks again, and the status says that it is away.
      this.log.debug('gpu_feed.queue_unread', { cause: String(error) });
    }
  }

  /** Nobody watches: what was known grows old, so the next listener starts with a fresh look. */
  private rest(): void {
    this.cancelQueueTimer();
    this.isQueueDue = false;
    this.queue = undefined;
    this.status = undefined;
  }

  /** Sends a listener what is new for it. One that lags gets the latest state when it has room again. */
  private update(listener: Listener): void {
    const { stream, userId } = listener;
    if (stream.signal.aborted) return;
    if (stream.isCongested) {
      void stream.drained().then(() => this.update(listener));
      return;
    }
    if (this.status !== undefined) {
      const status = JSON.stringify(this.status);
      if (status !== listener.lastStatus) stream.write({ event: 'status', json: status });
      listener.lastStatus = status;
    }
    if (this.queue !== undefined) {
      const text = JSON.stringify(queueViewFor(userId, this.queue));
      if (text !== listener.lastQueue) stream.write({ event: 'queue', json: text });
      listener.lastQueue = text;
    }
  }

  /** What the scheduler published last; undefined while it has not said anything or Redis is away. */
  private async storedStatus(): Promise<GpuStatus | undefined> {
    try {
      const stored = gpuStatus.safeParse(
        JSON.parse((await this.redis.shared.get(gpuKeys(this.node).status)) ?? 'null'),
      );
      return stored.success ? stored.data : undefined;
    } catch (error) {
      this.log.debug('gpu_feed.status_unread', { cause: String(error) });
      return undefined;
    }
  }
}

/** Undefined for what this version of the code does not know: a newer scheduler may say more. */
function parseEvent(text: string | undefined): GpuEvent | undefined {
  try {
    return gpuEvent.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
