import { gpuKeys, gpuStatus, laneKey, type Lane } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import type { Redis } from 'ioredis';
import { chooseNode, isAble, type NodeLoad } from './placement.ts';

/** Longer than any job waits. */
const PLACED_TTL_SECONDS = 7 * 86_400;
/** As long as the queue keeps ended jobs: whoever asks for one again by its name must learn that it has ended. */
const ENDED_TTL_SECONDS = 86_400;

/** Everybody who waits asks now and then; they are all told the same for so long. */
const LOADS_KEPT_MS = 500;

const placedKey = (jobId: string): string => `gpu-placed:${jobId}`;

/**
 * Which node each job is on. Written down before the job is submitted, so that whoever submits it again after a crash
 * goes to the same node: a job that could run on two nodes would run twice.
 */
export class PlacementStore {
  private readonly redis: Redis;
  private readonly nodes: readonly string[];
  private readonly clock: Clock;
  private kept: { readonly atMs: number; readonly statuses: Promise<NodeStatusRead[]> } | null = null;
  private readonly own = new Map<string, { readonly node: string; readonly lane: string }>();

  constructor(redis: Redis, nodes: readonly string[], clock: Clock) {
    this.redis = redis;
    this.clock = clock;
    this.nodes = nodes;
  }

  /** The job's node; the same one every time until it is moved or forgotten. `signal`: its waiter has left. */
  async place(jobId: string, lane: Lane, signal: AbortSignal): Promise<string> {
    const node = (await this.placed(jobId)) ?? (await this.settle(jobId, lane));
    // Whoever left while Redis was away has said so already: nobody would take the job off the list again.
    if (!signal.aborted) this.own.set(jobId, { node, lane: laneKey(lane) });
    return node;
  }

  /** Its node cannot serve, and another one can. */
  async isBetterOff(jobId: string): Promise<boolean> {
    const here = await this.placed(jobId);
    const loads = await this.loads();
    return loads.some((load) => load.node === here && !isAble(load)) && loads.some(isAble);
  }

  /** To be called only when the job is out of the queue of its node for good. */
  async move(jobId: string, lane: Lane): Promise<void> {
    this.own.delete(jobId);
    await this.redis.set(placedKey(jobId), await this.choose(lane), 'EX', PLACED_TTL_SECONDS);
  }

  /** Nobody waits for it in this process any more. Where it is stays known for a while. */
  async left(jobId: string): Promise<void> {
    this.own.delete(jobId);
    await this.redis.expire(placedKey(jobId), ENDED_TTL_SECONDS);
  }

  private async placed(jobId: string): Promise<string | null> {
    const node = await this.redis.get(placedKey(jobId));
    return node !== null && this.nodes.includes(node) ? node : null;
  }

  /** Two processes that place the same job at once agree on the first one's choice. */
  private async settle(jobId: string, lane: Lane): Promise<string> {
    const node = await this.choose(lane);
    const isMine = await this.redis.set(placedKey(jobId), node, 'EX', PLACED_TTL_SECONDS, 'NX');
    if (isMine === 'OK') return node;
    const first = await this.placed(jobId);
    if (first !== null) return first;
    // It names a node that is not configured any more: nobody serves its queue.
    await this.redis.set(placedKey(jobId), node, 'EX', PLACED_TTL_SECONDS);
    return node;
  }

  private async choose(lane: Lane): Promise<string> {
    const node = chooseNode(lane, await this.loads());
    if (node === null) throw new Error('no GPU node is configured');
    return node;
  }

  private async loads(): Promise<NodeLoad[]> {
    const own = [...this.own.values()];
    return (await this.statuses()).map(({ node, isLed, status }) => ({
      node,
      isLed,
      own: own.filter((job) => job.node === node).map((job) => job.lane),
      status,
    }));
  }

  private statuses(): Promise<NodeStatusRead[]> {
    const nowMs = this.clock.monotonic();
    if (this.kept !== null && nowMs - this.kept.atMs < LOADS_KEPT_MS) return this.kept.statuses;
    const statuses = Promise.all(this.nodes.map((node) => this.readNode(node)));
    this.kept = { atMs: nowMs, statuses };
    statuses.catch(() => {
      this.kept = null;
    });
    return statuses;
  }

  private async readNode(node: string): Promise<NodeStatusRead> {
    const keys = gpuKeys(node);
    const [status, leader] = await Promise.all([this.redis.get(keys.status), this.redis.get(keys.leader)]);
    return { node, isLed: leader !== null, status: readStatus(status) };
  }
}

type NodeStatusRead = Omit<NodeLoad, 'own'>;

function readStatus(text: string | null): NodeLoad['status'] {
  try {
    return gpuStatus.safeParse(JSON.parse(text ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}
