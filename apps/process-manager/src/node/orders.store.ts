import { STREAM_FIELD, gpuKeys, inboxEntry, type InboxEntry, type SwitchOrder } from '@baton/contracts';
import type { Redis } from 'ioredis';

/** The scheduler follows its inbox; what it has read may go. */
const ENTRIES_KEPT = 10_000;

/** Where wishes to hand the GPU over are put before the scheduler, which alone decides. */
export class OrdersStore {
  private readonly redis: Redis;
  private readonly keys: ReturnType<typeof gpuKeys>;

  /** With a connection that fails fast: whoever asks waits for the answer. */
  constructor(redis: Redis, node: string) {
    this.redis = redis;
    this.keys = gpuKeys(node);
  }

  async place(order: SwitchOrder): Promise<void> {
    const entry: InboxEntry = inboxEntry.parse({ type: 'order', order });
    // Kept before anybody is woken: it may be that no scheduler leads just now.
    await this.redis.set(this.keys.order, JSON.stringify(order));
    await this.redis.xadd(
      this.keys.inbox,
      'MAXLEN',
      '~',
      ENTRIES_KEPT,
      '*',
      STREAM_FIELD,
      JSON.stringify(entry),
    );
  }
}
