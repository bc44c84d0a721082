import { gpuKeys, lane, switchOrder, type Lane, type SwitchOrder } from '@baton/contracts';
import { RedisScript } from '@baton/platform';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StaleEpoch } from './stale-epoch.ts';

const KEEP = new RedisScript(new URL('./lua/keep.lua', import.meta.url));

/** Changes with the meaning of what is kept: a value of another version is not read. */
const VERSION = 1;

const learned = z.object({ version: z.literal(VERSION), estimates: z.unknown(), home: lane.nullable() });

/** What one term leaves for the next, in whatever process that runs. */
export interface Learned {
  /** As the core gave it out; whoever reads it checks it. */
  readonly estimates: unknown;
  /** The Ollama lane that was resident last. */
  readonly home: Lane | null;
}

/** What the leader of one node keeps in Redis besides leases. Every change of the leader's quotes the epoch. */
export class MemoryStore {
  private readonly redis: Redis;
  private readonly keys: ReturnType<typeof gpuKeys>;

  constructor(redis: Redis, node: string) {
    this.redis = redis;
    this.keys = gpuKeys(node);
  }

  /** @throws StaleEpoch */
  keepLearned(epoch: number, { estimates, home }: Learned): Promise<void> {
    return this.keep(epoch, this.keys.estimates, JSON.stringify({ version: VERSION, estimates, home }));
  }

  /** Null when nothing is kept, or nothing that can be read. */
  async learned(): Promise<Learned | null> {
    const read = learned.safeParse(readJson(await this.redis.get(this.keys.estimates)));
    return read.success ? { estimates: read.data.estimates, home: read.data.home } : null;
  }

  /** The switch by hand that is not carried out yet; null drops it. @throws StaleEpoch */
  keepOrder(epoch: number, order: SwitchOrder | null): Promise<void> {
    return this.keep(epoch, this.keys.order, order === null ? '' : JSON.stringify(order));
  }

  /** The same from a scheduler that does not lead, so without an epoch: whoever leads, now or next, finds it. */
  async leaveOrder(order: SwitchOrder): Promise<void> {
    await this.redis.set(this.keys.order, JSON.stringify(order));
  }

  async order(): Promise<SwitchOrder | null> {
    const order = switchOrder.safeParse(readJson(await this.redis.get(this.keys.order)));
    return order.success ? order.data : null;
  }

  private async keep(epoch: number, key: string, value: string): Promise<void> {
    const answer = await KEEP.run(this.redis, [this.keys.epoch, key], [epoch, value]);
    if (answer !== 'done') throw new StaleEpoch('another scheduler leads');
  }
}

function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
