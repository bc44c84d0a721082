import type { OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from '../logging/log.ts';

/** Constant, because BullMQ's growing one adds up to 20 s to an outage. */
const RETRY_MS = 100;
/** A command that Redis did not answer by then fails; whoever asked decides what that means. */
const COMMAND_TIMEOUT_MS = 5_000;

/**
 * The Redis connections of one process. `shared` fails fast while Redis is away, so that a request is answered;
 * `dedicated` ones wait through an outage and carry on, so that loops need no reconnect code.
 */
export class RedisConnections implements OnApplicationShutdown {
  readonly shared: Redis;
  private readonly url: string;
  private readonly log: Log;
  private readonly open = new Set<Redis>();

  constructor(url: string, log: Log) {
    this.url = url;
    this.log = log;
    this.shared = this.connect('shared', {
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableAutoPipelining: false,
    });
  }

  /** For blocking reads and loops: commands wait until Redis is back, however long that takes. */
  dedicated(name: string): Redis {
    return this.connect(name, { maxRetriesPerRequest: null });
  }

  /** For BullMQ, which needs `maxRetriesPerRequest: null` for its blocking connections. */
  bullmq(name: string): Redis {
    return this.connect(name, { maxRetriesPerRequest: null });
  }

  async onApplicationShutdown(): Promise<void> {
    const connections = [...this.open];
    this.open.clear();
    for (const redis of connections) redis.disconnect();
    await Promise.resolve();
  }

  private connect(name: string, options: RedisOptions): Redis {
    const redis = new Redis(this.url.replace(/^unix:\/\//, ''), {
      retryStrategy: () => RETRY_MS,
      // A Redis that reads its data after a restart is asked again as soon; left alone, ioredis waits at least a second.
      maxLoadingRetryTime: RETRY_MS,
      connectionName: name,
      // How long a connection may take to close; one that is closed twice keeps the process alive for so long.
      disconnectTimeout: 250,
      ...options,
    });
    let isAway = false;
    redis.on('error', (error: unknown) => {
      if (isAway) return;
      isAway = true;
      this.log.warn('redis.away', {
        connection: name,
        cause: error instanceof Error ? error.message : String(error),
      });
    });
    redis.on('ready', () => {
      if (isAway) this.log.event('redis.back', { connection: name });
      isAway = false;
    });
    redis.on('end', () => this.open.delete(redis));
    this.open.add(redis);
    return redis;
  }
}
