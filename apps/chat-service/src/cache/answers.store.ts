import { usage } from '@baton/contracts';
import { pause, type Clock } from '@baton/kernel';
import { CLOCK, RedisConnections } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';

const storedAnswer = z.object({
  text: z.string().min(1),
  thinking: z.string(),
  usage: usage.nullable(),
  /** Which server gave it. */
  instance: z.string().nullable(),
});
export type StoredAnswer = z.infer<typeof storedAnswer>;

/** Longer answers are rare, and Redis holds all of them in memory. */
const MAX_BYTES = 256 * 1_024;
/** A question does not wait longer than this to hear whether it was answered before. */
const PATIENCE_MS = 250;

/** Answers in Redis. A Redis that is away or slow has none, and takes none. */
@Injectable()
export class AnswersStore {
  private readonly redis: RedisConnections;
  private readonly clock: Clock;

  constructor(redis: RedisConnections, @Inject(CLOCK) clock: Clock) {
    this.redis = redis;
    this.clock = clock;
  }

  /** Null when there is none; `away` when nobody can tell. */
  async read(key: string): Promise<StoredAnswer | null | 'away'> {
    const { shared } = this.redis;
    if (shared.status !== 'ready') return 'away';
    const over = new AbortController();
    try {
      const found = await Promise.race([
        shared.get(key).catch(() => 'away' as const),
        pause(this.clock, PATIENCE_MS, over.signal).then(() => 'away' as const),
      ]);
      if (found === null || found === 'away') return found;
      return storedAnswer.safeParse(JSON.parse(found)).data ?? null;
    } catch {
      // Not one of ours.
      return null;
    } finally {
      over.abort();
    }
  }

  /** Whether it was taken. */
  async write(key: string, answer: StoredAnswer, ttlSeconds: number): Promise<boolean> {
    const { shared } = this.redis;
    const text = JSON.stringify(answer);
    if (shared.status !== 'ready' || Buffer.byteLength(text) > MAX_BYTES) return false;
    return shared.set(key, text, 'EX', ttlSeconds).then(
      () => true,
      () => false,
    );
  }
}
