import { REPLY_LOG_SHARDS, replyEvent, replyLogKeys, type ReplyEvent } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import type { Redis } from 'ioredis';
import { parseJson } from './parse-json.ts';

export interface LoggedEvent {
  /** Byte offset behind the event: what a reader quotes to go on from here. */
  readonly offset: number;
  readonly event: ReplyEvent;
  /** The event as it stands in the log. */
  readonly json: string;
}

export interface FollowOptions {
  /** Byte offset to go on from; 0 for everything. */
  readonly after: number;
  readonly signal: AbortSignal;
}

const NEWLINE = 0x0a;
const BLOCK_MS = 5_000;
const ENTRIES_PER_READ = 1_000;
/** A follower whose own reader is slow drops its backlog beyond this and takes it from the durable string later. */
const BACKLOG_CHUNKS = 512;
/** What one follower takes of a long log at a time: a crowd that comes back together must not fill the memory. */
const STRING_WINDOW_BYTES = 262_144;

/**
 * Reads reply logs for any number of followers over one blocking connection: each takes the durable string from its
 * offset, then what the shards bring. A gap (a trimmed shard, an outage) is filled from the string.
 */
export class ReplyLogReader {
  private readonly commands: Redis;
  private readonly blocking: Redis;
  private readonly followers = new Map<string, Set<Follower>>();
  private loop: Promise<void> | undefined;
  private isClosed = false;

  /**
   * @param commands a connection for short reads
   * @param blocking a connection of its own that waits through outages
   */
  constructor(commands: Redis, blocking: Redis) {
    this.commands = commands;
    this.blocking = blocking;
  }

  /** How many are reading at the moment. */
  get followerCount(): number {
    let count = 0;
    for (const set of this.followers.values()) count += set.size;
    return count;
  }

  /** False while there is nobody to read for. */
  get isReadingShards(): boolean {
    return this.loop !== undefined;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.commands.exists(replyLogKeys.log(key))) === 1;
  }

  /**
   * Every event behind `after`, until the log's `end` event or the signal. Waits for a log that does not exist yet.
   *
   * @throws AppError `request.invalid` when `after` is not the end of an event of this log
   */
  async *follow(key: string, { after, signal }: FollowOptions): AsyncGenerator<LoggedEvent, void, undefined> {
    await this.checkOffset(key, after);
    const follower = this.subscribe(key, signal);
    let position = after;
    let rest: Buffer = Buffer.alloc(0);
    try {
      while (!signal.aborted && !this.isClosed) {
        const bytes = follower.needsString
          ? await this.takeString(follower, key, position + rest.length)
          : follower.takeLive(position + rest.length);
        if (bytes === undefined || bytes.length === 0) {
          if (!follower.hasWork) await follower.wait();
          continue;
        }
        rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
        for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
          const json = rest.toString('utf8', 0, end);
          rest = rest.subarray(end + 1);
          position += end + 1;
          const event = parseEvent(json);
          if (event === undefined) continue;
          yield { offset: position, event, json };
          if (event.type === 'end') return;
        }
      }
    } finally {
      this.unsubscribe(key, follower);
    }
  }

  close(): void {
    this.isClosed = true;
    this.blocking.disconnect();
    for (const set of this.followers.values()) for (const follower of set) follower.wake();
  }

  private async checkOffset(key: string, after: number): Promise<void> {
    if (after === 0) return;
    const last = await this.commands.getrangeBuffer(replyLogKeys.log(key), after - 1, after - 1);
    if (last[0] === NEWLINE) return;
    throw new AppError(
      'request.invalid',
      { log: key, after },
      {
        issues: [
          {
            path: 'Last-Event-ID',
            message: 'is not an event id of this reply: leave it out to read from the start',
          },
        ],
      },
    );
  }

  /**
   * Up to a window of the durable string. The flag is taken down first: what arrives while the string is read is waiting
   * in the follower's backlog. A full window says that there may be more.
   */
  private async takeString(follower: Follower, key: string, from: number): Promise<Buffer> {
    follower.needsString = false;
    try {
      const to = from + STRING_WINDOW_BYTES - 1;
      const bytes = await this.commands.getrangeBuffer(replyLogKeys.log(key), from, to);
      if (bytes.length === STRING_WINDOW_BYTES) follower.needsString = true;
      return bytes;
    } catch (error) {
      follower.needsString = true;
      throw error;
    }
  }

  private subscribe(key: string, signal: AbortSignal): Follower {
    const follower = new Follower(signal);
    const set = this.followers.get(key) ?? new Set();
    this.followers.set(key, set.add(follower));
    this.loop ??= this.readShards();
    return follower;
  }

  private unsubscribe(key: string, follower: Follower): void {
    follower.end();
    const set = this.followers.get(key);
    set?.delete(follower);
    if (set?.size === 0) this.followers.delete(key);
  }

  /** Asked anew each time: it changes while a read is under way. */
  private isOver(): boolean {
    return this.isClosed || this.blocking.status === 'end';
  }

  private async readShards(): Promise<void> {
    const keys = Array.from({ length: REPLY_LOG_SHARDS }, (_, index) => replyLogKeys.shard(index));
    let cursors: string[] | undefined;
    while (!this.isOver()) {
      if (this.followers.size === 0) {
        // What others write is none of ours while nobody reads. Who comes next starts the loop anew.
        this.loop = undefined;
        return;
      }
      try {
        cursors ??= await this.lastIds(keys);
        const reply = await this.blocking.xread(
          'COUNT',
          ENTRIES_PER_READ,
          'BLOCK',
          BLOCK_MS,
          'STREAMS',
          ...keys,
          ...cursors,
        );
        for (const [shard, entries] of reply ?? []) {
          const last = entries.at(-1);
          if (last !== undefined) cursors[keys.indexOf(shard)] = last[0];
          for (const [, fields] of entries) this.deliver(fields);
        }
      } catch {
        if (this.isOver()) return;
        // Whatever was written meanwhile is in the strings; cursors may be gone with a restarted Redis.
        cursors = undefined;
        await ready(this.blocking);
      }
    }
  }

  /** Cursors first, then everybody looks at the string once: nothing falls between the two. */
  private async lastIds(keys: readonly string[]): Promise<string[]> {
    const ids = await Promise.all(
      keys.map(async (key) => (await this.blocking.xrevrange(key, '+', '-', 'COUNT', 1))[0]?.[0] ?? '0-0'),
    );
    for (const set of this.followers.values()) for (const follower of set) follower.lookAtString();
    return ids;
  }

  /** Fields of a shard entry: k log key, o offset, c chunk (append.lua writes them in this order). */
  private deliver(fields: readonly string[]): void {
    const set = this.followers.get(fields[1] ?? '');
    if (set === undefined) return;
    const chunk = { offset: Number(fields[3]), bytes: Buffer.from(fields[5] ?? '', 'utf8') };
    for (const follower of set) follower.push(chunk);
  }
}

/** Undefined for a line that a newer version wrote: its reader would not know what to do with it either. */
function parseEvent(json: string): ReplyEvent | undefined {
  const parsed = replyEvent.safeParse(parseJson(json));
  return parsed.success ? parsed.data : undefined;
}

interface Chunk {
  readonly offset: number;
  readonly bytes: Buffer;
}

class Follower {
  needsString = true;
  private backlog: Chunk[] = [];
  private wakeUp: (() => void) | undefined;
  private readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener('abort', this.wake, { once: true });
  }

  get hasWork(): boolean {
    return this.needsString || this.backlog.length > 0;
  }

  push(chunk: Chunk): void {
    if (this.backlog.length >= BACKLOG_CHUNKS) {
      this.lookAtString();
      return;
    }
    this.backlog.push(chunk);
    this.wake();
  }

  lookAtString(): void {
    this.backlog = [];
    this.needsString = true;
    this.wake();
  }

  /** The next bytes from `position` on, or undefined when the backlog has none or there is a gap before them. */
  takeLive(position: number): Buffer | undefined {
    for (let chunk = this.backlog.shift(); chunk !== undefined; chunk = this.backlog.shift()) {
      if (chunk.offset > position) {
        this.lookAtString();
        return undefined;
      }
      if (chunk.offset + chunk.bytes.length > position) return chunk.bytes.subarray(position - chunk.offset);
    }
    return undefined;
  }

  wait(): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.wakeUp = resolve;
    });
  }

  readonly wake = (): void => {
    this.wakeUp?.();
    this.wakeUp = undefined;
  };

  end(): void {
    this.signal.removeEventListener('abort', this.wake);
    this.backlog = [];
  }
}

function ready(redis: Redis): Promise<void> {
  if (redis.status === 'end') return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      redis.off('ready', done);
      redis.off('end', done);
      resolve();
    };
    const timer = setTimeout(done, 200);
    redis.once('ready', done);
    redis.once('end', done);
  });
}
