import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** The text of a Lua file that lies beside the code using it: `luaScript(new URL('./lua/x.lua', import.meta.url))`. */
export function luaScript(url: URL): string {
  return readFileSync(url, 'utf8');
}

/**
 * One Lua file as a command. It is called by its digest, so its text travels only when the server does not know it: the
 * first time, and after a restart. What comes back is unknown to the compiler: parse it.
 */
export class RedisScript {
  private readonly text: string;
  private readonly digest: string;

  constructor(url: URL) {
    this.text = luaScript(url);
    this.digest = createHash('sha1').update(this.text).digest('hex');
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(this.text, keys.length, ...keys, ...args);
    }
  }
}
