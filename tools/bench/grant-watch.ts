import { DEFAULT_NODE, STREAM_FIELD, gpuEvent, gpuKeys } from '@baton/contracts';
import { Redis } from 'ioredis';

const BLOCK_MS = 1_000;
const RETRY_MS = 20;

export interface Seen {
  readonly jobId: string;
  readonly atMs: number;
}

/** Reads what the schedulers tell the world, and notes when. */
export class GrantWatch {
  readonly granted: Seen[] = [];
  readonly ended: Seen[] = [];
  readonly #redis: Redis;
  readonly #following: Promise<void>;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(redisUrl: string) {
    this.#redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => RETRY_MS });
    this.#redis.on('error', () => undefined);
    this.#following = this.#follow();
  }

  /** The first grant seen after `atMs`; null when there is none in time. */
  firstGrantAfter(atMs: number, timeoutMs: number): Promise<Seen | null> {
    return this.#find(() => this.granted.find((seen) => seen.atMs > atMs), timeoutMs);
  }

  endOf(jobId: string, timeoutMs: number): Promise<Seen | null> {
    return this.#find(() => this.ended.find((seen) => seen.jobId === jobId), timeoutMs);
  }

  /** Jobs that were granted more than once. */
  get doubles(): string[] {
    const seen = new Set<string>();
    return this.granted.flatMap(({ jobId }) => (seen.has(jobId) ? [jobId] : (seen.add(jobId), [])));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redis.disconnect();
    await this.#following;
  }

  async #find(look: () => Seen | undefined, timeoutMs: number): Promise<Seen | null> {
    const deadline = performance.now() + timeoutMs;
    for (let found = look(); ; found = look()) {
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return null;
      await this.#change(leftMs);
    }
  }

  async #change(timeoutMs: number): Promise<void> {
    const changed = Promise.withResolvers<undefined>();
    const wake = (): void => changed.resolve(undefined);
    this.#waiting.add(wake);
    const late = setTimeout(wake, timeoutMs);
    await changed.promise;
    clearTimeout(late);
    this.#waiting.delete(wake);
  }

  async #follow(): Promise<void> {
    const key = gpuKeys(DEFAULT_NODE).events;
    let cursor = '0-0';
    while (!this.#isClosed) {
      try {
        const answer = await this.#redis.xread('BLOCK', BLOCK_MS, 'STREAMS', key, cursor);
        const atMs = performance.now();
        for (const [id, fields] of answer?.[0]?.[1] ?? []) {
          cursor = id;
          this.#take(fields, atMs);
        }
      } catch {
        // Redis is away, which some figures want.
      }
    }
  }

  #take(fields: readonly string[], atMs: number): void {
    const text = fields[fields.indexOf(STREAM_FIELD) + 1] ?? 'null';
    const event = gpuEvent.safeParse(JSON.parse(text));
    if (!event.success) return;
    if (event.data.type === 'lease.granted') this.granted.push({ jobId: event.data.jobId, atMs });
    if (event.data.type === 'job.ended') this.ended.push({ jobId: event.data.jobId, atMs });
    for (const wake of this.#waiting) wake();
  }
}
