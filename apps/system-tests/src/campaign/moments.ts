import {
  gpuEvent,
  gpuKeys,
  gpuQueueName,
  inboxEntry,
  nodeEvent,
  DEFAULT_NODE,
  STREAM_FIELD,
} from '@baton/contracts';
import type { EngineName } from '@baton/contracts';
import { Redis } from 'ioredis';
import type { JobState } from './cells.ts';

const BLOCK_MS = 1_000;
const RETRY_MS = 100;

const KEYS = gpuKeys(DEFAULT_NODE);
/** What BullMQ itself tells about the queue: the only trace of a job that is claimed and not yet granted. */
const QUEUE_EVENTS = `bull:${gpuQueueName(DEFAULT_NODE)}:events`;
const STREAMS = [QUEUE_EVENTS, KEYS.events, KEYS.node, KEYS.inbox] as const;

type Fields = Readonly<Record<string, string>>;
/** Moments that a stream shows; the others are seen by the people who wait. */
export type StreamMoment = Exclude<JobState, 'before-output' | 'after-output'>;

interface Seen {
  readonly moment: StreamMoment;
  /** Null when the stream does not say for whom. */
  readonly engine: EngineName | null;
}

/** Sees the state of GPU jobs change, within a millisecond or so, in the streams of Redis. */
export class Moments {
  readonly #redis: Redis;
  readonly #watchers = new Set<(seen: Seen) => void>();
  readonly #cursors = new Map<string, string>();
  readonly #engines = new Map<string, EngineName>();
  readonly #following: Promise<void>;
  #isClosed = false;

  private constructor(redis: Redis) {
    this.#redis = redis;
    this.#following = this.#follow();
  }

  static open(redisUrl: string): Moments {
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => RETRY_MS });
    redis.on('error', () => undefined);
    return new Moments(redis);
  }

  /** Resolves with true at the next such moment, with false when there was none in time. */
  async next(moment: StreamMoment, engine: EngineName, timeoutMs: number): Promise<boolean> {
    const found = Promise.withResolvers<boolean>();
    const watch = (seen: Seen): void => {
      if (seen.moment === moment && (seen.engine ?? engine) === engine) found.resolve(true);
    };
    this.#watchers.add(watch);
    const late = setTimeout(() => found.resolve(false), timeoutMs);
    try {
      return await found.promise;
    } finally {
      clearTimeout(late);
      this.#watchers.delete(watch);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redis.disconnect();
    await this.#following;
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      try {
        if (this.#cursors.size === 0) await this.#findEnds();
        const ids = STREAMS.map((key) => this.#cursors.get(key) ?? '0-0');
        const answer = await this.#redis.xread('BLOCK', BLOCK_MS, 'STREAMS', ...STREAMS, ...ids);
        for (const [key, entries] of answer ?? []) {
          for (const [id, flat] of entries) {
            this.#cursors.set(key, id);
            this.#take(key, fieldsOf(flat));
          }
        }
      } catch {
        // Redis is away, which may be the very fault that is tried.
      }
    }
  }

  async #findEnds(): Promise<void> {
    for (const key of STREAMS) {
      const last = await this.#redis.xrevrange(key, '+', '-', 'COUNT', 1);
      this.#cursors.set(key, last[0]?.[0] ?? '0-0');
    }
  }

  #take(key: string, fields: Fields): void {
    if (key === QUEUE_EVENTS) this.#takeQueueEvent(fields);
    else {
      const data: unknown = JSON.parse(fields[STREAM_FIELD] ?? 'null');
      for (const seen of this.#momentsIn(key, data)) this.#tell(seen);
    }
  }

  #takeQueueEvent({ event, jobId = '', name = '' }: Fields): void {
    if (event === 'added') {
      const engine = name === 'render' ? 'comfyui' : 'ollama';
      this.#engines.set(jobId, engine);
      this.#tell({ moment: 'waiting', engine });
    } else if (event === 'active') {
      this.#tell({ moment: 'claimed', engine: this.#engines.get(jobId) ?? null });
    }
  }

  #momentsIn(key: string, data: unknown): Seen[] {
    if (key === KEYS.node) {
      const event = nodeEvent.safeParse(data);
      if (!event.success || event.data.type !== 'swap.phase') return [];
      return [{ moment: `swap-${event.data.phase}`, engine: null }];
    }
    if (key === KEYS.inbox) {
      const entry = inboxEntry.safeParse(data);
      if (!entry.success || entry.data.type !== 'released') return [];
      return [{ moment: 'releasing', engine: this.#engines.get(entry.data.jobId) ?? null }];
    }
    const event = gpuEvent.safeParse(data);
    if (!event.success || event.data.type !== 'lease.granted') return [];
    return [{ moment: 'granted', engine: event.data.lane.engine }];
  }

  #tell(seen: Seen): void {
    for (const watch of this.#watchers) watch(seen);
  }
}

function fieldsOf(flat: readonly string[]): Fields {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return Object.fromEntries(pairs);
}
