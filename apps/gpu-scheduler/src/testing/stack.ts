import type { GpuUrgency, Lane, WaitingView } from '@baton/contracts';
import { GpuLeases, type JobEnd, type Lease } from '@baton/gpu-lease';
import { systemClock } from '@baton/kernel';
import { Log, Metrics, RedisConnections, createLogger } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import type { Settings } from '../core/state.ts';
import { SETTINGS } from '../core/testing.ts';
import { FakeGpuNode } from '../loop/fake-gpu-node.ts';
import type { GpuNode } from '../loop/gpu-node.client.ts';
import { SchedulerMeters, SchedulerMetrics } from '../loop/scheduler-metrics.ts';
import { SchedulerService } from '../loop/scheduler.service.ts';

/** What the integration specs of the loop have in common. */

export const CHAT = { engine: 'ollama', instance: 'main', model: 'llama:8b' } as const satisfies Lane;
export const IMAGE = { engine: 'comfyui' } as const satisfies Lane;
export const NODE = 'gpu0';

export interface Pair {
  readonly leader: SchedulerService;
  readonly standby: SchedulerService;
}

/** What `hold` gives. */
export type Held = Awaited<ReturnType<Stack['hold']>>;

/** Everything of one node: schedulers, holders, and a process-manager that keeps count. */
export class Stack {
  readonly redis: Redis;
  readonly node: FakeGpuNode;
  readonly leases: GpuLeases;
  readonly log = new Log(createLogger('test', 'fatal'));
  private readonly url: string;
  private readonly name: string;
  private readonly connections: RedisConnections[] = [];
  private readonly schedulers = new Map<SchedulerService, RedisConnections>();
  private jobs = 0;

  constructor(url: string, { node = NODE, owner = CHAT }: { node?: string; owner?: Lane } = {}) {
    this.url = url;
    this.name = node;
    this.redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    this.redis.on('error', () => undefined);
    this.node = new FakeGpuNode(this.redis, node, owner);
    this.leases = this.holder();
  }

  /** A process that uses the GPU. */
  holder(redis = this.connect()): GpuLeases {
    return new GpuLeases({
      nodes: [{ node: this.name, guardBaseUrl: 'http://guard' }],
      clock: systemClock,
      log: this.log,
      redis,
    });
  }

  connect(): RedisConnections {
    const connections = new RedisConnections(this.url, this.log);
    this.connections.push(connections);
    return connections;
  }

  /** A leader with a standby beside it, as in every scenario. */
  async start(settings: Partial<Settings> = {}): Promise<Pair> {
    const leader = this.scheduler(settings);
    await this.isServing(leader);
    return { leader, standby: this.scheduler(settings) };
  }

  async isServing(scheduler: SchedulerService): Promise<void> {
    await eventually(async () => scheduler.isLeader && (await scheduler.status()).phase !== 'unavailable');
  }

  /** One more process. `gpuNode`: how it reaches the node, when not like everybody else. */
  scheduler(settings: Partial<Settings> = {}, gpuNode: GpuNode = this.node): SchedulerService {
    const redis = this.connect();
    const scheduler = new SchedulerService({
      node: this.name,
      settings: { ...SETTINGS, restoreHome: false, retryPauseMs: 20, ...settings },
      historyLimit: 100,
      clock: systemClock,
      log: this.log,
      redis,
      gpuNode,
      metrics: new SchedulerMetrics(new SchedulerMeters(new Metrics('gpu-scheduler')), this.name),
    });
    this.schedulers.set(scheduler, redis);
    scheduler.start();
    return scheduler;
  }

  use<T>(
    lane: Lane,
    work: (lease: Lease) => Promise<T>,
    more: {
      signal?: AbortSignal;
      onWaiting?: (view: WaitingView) => void;
      holder?: GpuLeases;
      jobId?: string;
      urgency?: GpuUrgency;
      onEnded?: (end: JobEnd) => void;
    } = {},
  ): Promise<T> {
    this.jobs += 1;
    return (more.holder ?? this.leases).withLease(
      {
        jobId: more.jobId ?? `reply-${this.jobs}-1`,
        job: {
          lane,
          kind: 'reply',
          userId: 1,
          messageId: this.jobs,
          chatId: 1,
          estimateMs: 5_000,
          ...(more.urgency === undefined ? {} : { urgency: more.urgency }),
        },
        signal: more.signal ?? new AbortController().signal,
        ...(more.onWaiting === undefined ? {} : { onWaiting: more.onWaiting }),
        ...(more.onEnded === undefined ? {} : { onEnded: more.onEnded }),
      },
      work,
    );
  }

  /** Holds a lease until `end` is called. */
  async hold(lane: Lane, more: Parameters<Stack['use']>[2] = {}) {
    const held = Promise.withResolvers<Lease>();
    const ended = Promise.withResolvers<null>();
    const done = this.use(
      lane,
      async (lease) => {
        held.resolve(lease);
        const lost = new Promise<never>((_, reject) => {
          lease.signal.addEventListener('abort', () => reject(lease.signal.reason), { once: true });
        });
        await Promise.race([ended.promise, lost]);
      },
      more,
    );
    done.catch((error: unknown) => held.reject(error));
    return { lease: await held.promise, end: () => ended.resolve(null), done };
  }

  /** Like kill -9: its connections are gone, and nothing is renewed or told any more. */
  async kill(scheduler: SchedulerService): Promise<void> {
    await this.schedulers.get(scheduler)?.onApplicationShutdown();
  }

  /**
   * Like SIGSTOP, seen from outside, and at its worst: it renews nothing and so loses the leadership, believes that it
   * leads, and goes on to carry out what it had decided.
   */
  stun(scheduler: SchedulerService): void {
    this.schedulers.get(scheduler)?.shared.disconnect();
  }

  async close(): Promise<void> {
    this.node.stop();
    await Promise.all([...this.schedulers.keys()].map((scheduler) => scheduler.stop()));
    await this.leases.close();
    for (const connections of this.connections) await connections.onApplicationShutdown();
    this.redis.disconnect();
  }
}
