import { replyLogKeys, type ReplyEvent } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import type { Redis } from 'ioredis';
import { withAppend, type AppendRedis } from './append-script.ts';
import { shardOf } from './shard.ts';

/** About two minutes of four busy shards; a reader that falls behind further takes the durable string instead. */
const SHARD_ENTRIES = 20_000;
/** A log that nobody closed (its writer died for good) goes away after a day. */
const OPEN_TTL_MS = 86_400_000;
/** After the end the message is in the database; the log serves readers that are still catching up. */
const CLOSED_TTL_MS = 3_600_000;
/** How long an event that can wait is held back, for others to go along with. Nobody notices so short a time. */
const GATHER_MS = 25;

export interface ReplyLog {
  readonly key: string;
  /** Byte offset behind everything appended so far. */
  readonly offset: number;
  /** Takes the event in at once and writes it in the background, in order. Never waits for Redis. */
  append(event: ReplyEvent): void;
  /**
   * As `append`, for what nobody waits for: written with the next `append` or `flush`, or alone after a moment. A write
   * of its own would wake Redis, the gateway and the reader just when the answer is being got.
   */
  appendSoon(event: ReplyEvent): void;
  /** Resolves when Redis has everything that was appended before. Waits through an outage. */
  flush(): Promise<void>;
  /** Flushes and lets the log expire. */
  close(): Promise<void>;
}

/**
 * Writes reply logs. One write is in flight at a time and carries what gathered for all logs meanwhile, so the cost per
 * token falls as the load grows. Each log has one writer; the script notices when that is not so.
 */
export class ReplyLogWriter {
  private readonly redis: AppendRedis;
  private readonly dirty = new Set<WrittenLog>();
  private isWriting = false;

  /** @param redis a connection of its own that waits through outages */
  constructor(redis: Redis) {
    this.redis = withAppend(redis);
  }

  /** A new, empty log. */
  open(key: string): ReplyLog {
    return new WrittenLog(key, 0, this.work);
  }

  /** Goes on with a log that an earlier process began. */
  async resume(key: string): Promise<ReplyLog> {
    return new WrittenLog(key, await this.redis.strlen(replyLogKeys.log(key)), this.work);
  }

  /** Everything in a log, for recovery after a crash; empty when there is none. */
  async read(key: string): Promise<string> {
    return (await this.redis.get(replyLogKeys.log(key))) ?? '';
  }

  private readonly work = {
    schedule: (log: WrittenLog): void => {
      this.dirty.add(log);
      if (this.isWriting) return;
      this.isWriting = true;
      queueMicrotask(() => void this.drain());
    },
    scheduleSoon: (log: WrittenLog): void => {
      setTimeout(() => {
        if (log.hasPending) this.work.schedule(log);
      }, GATHER_MS);
    },
    expire: async (key: string): Promise<void> => {
      await this.redis.pexpire(replyLogKeys.log(key), CLOSED_TTL_MS);
    },
  };

  private async drain(): Promise<void> {
    while (this.dirty.size > 0) {
      const logs = [...this.dirty];
      this.dirty.clear();
      await Promise.all(logs.map((log) => this.write(log)));
    }
    this.isWriting = false;
  }

  private async write(log: WrittenLog): Promise<void> {
    const { offset, chunk } = log.take();
    try {
      const length = await this.redis.replyLogAppend(
        replyLogKeys.log(log.key),
        replyLogKeys.shard(shardOf(log.key)),
        log.key,
        offset,
        chunk,
        SHARD_ENTRIES,
        OPEN_TTL_MS,
      );
      if (log.settle(length)) this.dirty.add(log);
    } catch (error) {
      log.fail(error);
    }
  }
}

interface WriterWork {
  schedule(log: WrittenLog): void;
  scheduleSoon(log: WrittenLog): void;
  expire(key: string): Promise<void>;
}

interface Waiter {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class WrittenLog implements ReplyLog {
  readonly key: string;
  offset: number;
  private readonly work: WriterWork;
  /** Offset at which `kept` begins: what is before was written by an earlier process. */
  private readonly base: number;
  /** All bytes of this writer, so that writes which Redis lost can be made again. */
  private kept: Buffer[] = [];
  private written: number;
  private pendingText = '';
  private pending: string[] = [];
  private waiters: Waiter[] = [];
  private failure: Error | undefined;

  constructor(key: string, base: number, work: WriterWork) {
    this.key = key;
    this.base = base;
    this.offset = base;
    this.written = base;
    this.work = work;
  }

  get hasPending(): boolean {
    return this.pendingText !== '' || this.pending.length > 0;
  }

  append(event: ReplyEvent): void {
    if (this.failure !== undefined) return;
    this.keep(event);
    this.work.schedule(this);
  }

  appendSoon(event: ReplyEvent): void {
    if (this.failure !== undefined) return;
    this.keep(event);
    this.work.scheduleSoon(this);
  }

  flush(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.hasPending) this.work.schedule(this);
    this.seal();
    if (this.written >= this.offset) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ offset: this.offset, resolve, reject }));
  }

  async close(): Promise<void> {
    await this.flush();
    await this.work.expire(this.key);
  }

  /** What Redis does not have yet. */
  take(): { readonly offset: number; readonly chunk: string } {
    this.seal();
    let first = this.kept.length;
    let missing = this.offset - this.written;
    // From the end backwards: on the usual path only the last piece is missing.
    while (first > 0 && missing > 0) {
      first -= 1;
      missing -= this.kept[first]?.length ?? 0;
    }
    const bytes = Buffer.concat(this.kept.slice(first)).subarray(-missing);
    return { offset: this.written, chunk: bytes.toString('utf8') };
  }

  /** Takes note of the length that Redis reported; true when there is something (again) to write. */
  settle(length: number): boolean {
    if (length < this.base || length > this.offset) {
      this.fail(
        new AppError('reply.interrupted', { log: this.key, length, base: this.base, offset: this.offset }),
      );
      return false;
    }
    this.written = length;
    this.waiters = this.waiters.filter((waiter) => {
      if (waiter.offset > length) return true;
      waiter.resolve();
      return false;
    });
    return length < this.offset || this.hasPending;
  }

  fail(cause: unknown): void {
    const failure = cause instanceof Error ? cause : new AppError('reply.interrupted', {}, { cause });
    this.failure = failure;
    for (const waiter of this.waiters.splice(0)) waiter.reject(failure);
  }

  private keep(event: ReplyEvent): void {
    if (event.type === 'text') {
      this.pendingText += event.text;
    } else {
      this.sealText();
      this.pending.push(`${JSON.stringify(event)}\n`);
    }
  }

  private sealText(): void {
    if (this.pendingText === '') return;
    this.pending.push(`${JSON.stringify({ type: 'text', text: this.pendingText })}\n`);
    this.pendingText = '';
  }

  /** Turns what was appended into bytes; from here on their offsets stand. */
  private seal(): void {
    this.sealText();
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending.join(''), 'utf8');
    this.pending = [];
    this.kept.push(bytes);
    this.offset += bytes.length;
  }
}
