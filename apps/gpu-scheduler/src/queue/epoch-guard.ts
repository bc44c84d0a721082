import { AsyncLocalStorage } from 'node:async_hooks';
import type { Redis } from 'ioredis';
import { StaleEpoch } from '../leases/stale-epoch.ts';

/** BullMQ names its scripts `<act>:<version>`; those that begin like this change nothing. */
const READS = /^(get|is|paginate)[A-Z:]/;
const REFUSAL = 'STALEEPOCH';

type Command = (args: readonly unknown[]) => Promise<unknown>;

/**
 * Makes BullMQ's own scripts check the scheduler's epoch, inside Redis, in the same step as what they do. A leader that
 * was stopped (SIGSTOP, a long collection of garbage) and wakes up after another one took over can therefore neither
 * claim, end, put back nor remove a job: no window is left between the question "do I lead?" and the act. (A swap or an
 * admission that it still asks of the process-manager is outside Redis; there the fence, which the new leader raises
 * before it grants anything, does the same.)
 *
 * It works by giving each script that changes something one more argument, which BullMQ's Lua does not look at, and a
 * line in front. The epoch's key is not among the script's declared keys: like BullMQ itself without a hash tag in its
 * prefix, that rules out Redis Cluster.
 */
export class EpochGuard {
  private readonly epochs = new AsyncLocalStorage<number>();
  private readonly epochKey: string;

  constructor(epochKey: string) {
    this.epochKey = epochKey;
  }

  /** To be called before BullMQ gets the connection, which must be used for nothing else. */
  protect(redis: Redis): Redis {
    const define = redis.defineCommand.bind(redis);
    redis.defineCommand = (name, definition) => {
      if (READS.test(name)) {
        define(name, definition);
        return;
      }
      define(name, { ...definition, lua: this.checked(definition.lua) });
      const commands = redis as unknown as Record<string, Command>;
      const run = commands[name]?.bind(redis);
      if (run === undefined) throw new Error(`${name} was not defined`);
      commands[name] = (args) => run([...args, this.epochNow(name)]);
    };
    return redis;
  }

  /** What `act` changes in the queue is changed in this epoch or not at all. @throws StaleEpoch */
  async in<T>(epoch: number, act: () => Promise<T>): Promise<T> {
    try {
      return await this.epochs.run(epoch, act);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith(REFUSAL)) {
        throw new StaleEpoch('another scheduler leads', { cause: error });
      }
      throw error;
    }
  }

  private checked(lua: string): string {
    const key = JSON.stringify(this.epochKey);
    return `if redis.call('GET', ${key}) ~= ARGV[#ARGV] then return redis.error_reply('${REFUSAL} another scheduler leads') end\n${lua}`;
  }

  private epochNow(name: string): string {
    const epoch = this.epochs.getStore();
    if (epoch === undefined) throw new Error(`${name} changes the queue outside of an epoch`);
    return String(epoch);
  }
}
