import type { Redis } from 'ioredis';

export interface StreamEntry {
  readonly id: string;
  /** Field values by name. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface StreamReaderOptions {
  /** A connection of its own: the read blocks it. */
  readonly redis: Redis;
  readonly key: string;
  /** Read what comes after this id; `$` is resolved once, at the start, so that nothing falls between two reads. */
  readonly from: string;
  readonly signal: AbortSignal;
  readonly batch?: number;
  readonly blockMs?: number;
  /** Called with true when Redis went away (entries may be late) and with false when reading goes on. */
  readonly onOutage?: (isAway: boolean) => void;
}

/**
 * Reads one Redis stream by cursor, entry by entry, through reconnects, until the signal is aborted. A trimmed stream is
 * not noticed here: whoever needs to be sure compares against the durable state as well.
 */
export async function* readStream(
  options: StreamReaderOptions,
): AsyncGenerator<StreamEntry, void, undefined> {
  const { redis, key, signal, batch = 200, blockMs = 5_000 } = options;
  const onAbort = (): void => redis.disconnect();
  signal.addEventListener('abort', onAbort, { once: true });
  // Asked anew each time: it changes while a read is under way.
  const isOver = (): boolean => signal.aborted;
  let isAway = false;
  try {
    let cursor = options.from;
    while (!isOver()) {
      try {
        if (cursor === '$') cursor = await lastId(redis, key);
        const reply = await redis.xread('COUNT', batch, 'BLOCK', blockMs, 'STREAMS', key, cursor);
        if (isAway) options.onOutage?.((isAway = false));
        for (const [id, flat] of reply?.[0]?.[1] ?? []) {
          cursor = id;
          yield { id, fields: toRecord(flat) };
        }
      } catch (error) {
        if (isOver()) return;
        if (!isAway) options.onOutage?.((isAway = true));
        await untilReady(redis, signal, error);
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    redis.disconnect();
  }
}

async function lastId(redis: Redis, key: string): Promise<string> {
  const last = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
  return last[0]?.[0] ?? '0-0';
}

function toRecord(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = flat[at];
    const value = flat[at + 1];
    if (name !== undefined && value !== undefined) fields[name] = value;
  }
  return fields;
}

/** After a failed read: waits for the connection, or a moment when the connection itself is fine (LOADING, for one). */
function untilReady(redis: Redis, signal: AbortSignal, error: unknown): Promise<void> {
  if (redis.status === 'end') throw error;
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      redis.off('ready', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, 200);
    redis.once('ready', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
