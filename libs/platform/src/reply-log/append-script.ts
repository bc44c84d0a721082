import type { ChainableCommander, Redis } from 'ioredis';
import { luaScript } from '../redis/lua.ts';

const APPEND = luaScript(new URL('./lua/append.lua', import.meta.url));

interface Append<Result> {
  replyLogAppend(
    log: string,
    shard: string,
    key: string,
    offset: number,
    chunk: string,
    shardEntries: number,
    ttlMs: number,
  ): Result;
}

export type AppendRedis = Redis & Append<Promise<number>>;
export type Appends = ChainableCommander & Append<unknown>;

/** Teaches the connection the script. */
export function withAppend(redis: Redis): AppendRedis {
  redis.defineCommand('replyLogAppend', { numberOfKeys: 2, lua: APPEND });
  return redis as AppendRedis;
}

/** Any number of appends that leave in one write and are answered together. */
export function appendsOf(redis: AppendRedis): Appends {
  return redis.pipeline() as Appends;
}
