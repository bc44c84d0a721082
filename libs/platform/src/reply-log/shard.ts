import { REPLY_LOG_SHARDS } from '@baton/contracts';

/** Which shard stream carries a log: the same for writer and reader, spread evenly over keys that count upwards. */
export function shardOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) >>> 0;
  return hash % REPLY_LOG_SHARDS;
}
