import type { Redis } from 'ioredis';
import { luaScript } from '../redis/lua.ts';

const APPEND = luaScript(new URL('./lua/append.lua', import.meta.url));

export interface AppendRedis extends Redis {
  replyLogAppend(
    log: string,
    shard: string,
    key: string,
    offset: number,
    chunk: string,
    shardEntries: number,
    ttlMs: number,
  ): Promise<number>;
}

/** Teaches the connection the script. */
export function withAppend(redis: Redis): AppendRedis {
  redis.defineCommand('replyLogAppend', { numberOfKeys: 2, lua: APPEND });
  return redis as AppendRedis;
}
