import { STREAM_FIELD, gpuKeys, nodeEvent, type NodeEvent } from '@baton/contracts';
import type { Log } from '@baton/platform';
import type { Redis } from 'ioredis';

/** Enough to look back over some hundred swaps; the state itself is asked for with a call. */
const ENTRIES_KEPT = 2_000;
/** While Redis is away entries wait, in order, up to this many; then new ones are dropped: nobody could use them. */
const WAITING_LIMIT = 500;

/** The stream in which this node tells what happens to it. Told in order, and never waited for. */
export class NodeEventsStore {
  private readonly redis: Redis;
  private readonly key: string;
  private readonly log: Log;
  private waiting = 0;
  private isTroubled = false;

  constructor(redis: Redis, node: string, log: Log) {
    this.redis = redis;
    this.key = gpuKeys(node).node;
    this.log = log;
  }

  tell(event: NodeEvent): void {
    if (this.waiting >= WAITING_LIMIT) return;
    const parsed = nodeEvent.safeParse(event);
    if (!parsed.success) {
      // Told from the middle of a swap, which must not end for it; the state itself is right, and can be asked for.
      this.log.error('node.tell', parsed.error, { type: event.type });
      return;
    }
    this.waiting += 1;
    this.redis
      .xadd(this.key, 'MAXLEN', '~', ENTRIES_KEPT, '*', STREAM_FIELD, JSON.stringify(parsed.data))
      .then(
        () => (this.isTroubled = false),
        (error: unknown) => {
          if (!this.isTroubled) this.log.error('node.tell', error);
          this.isTroubled = true;
        },
      )
      .finally(() => (this.waiting -= 1))
      .catch(() => undefined);
  }
}
