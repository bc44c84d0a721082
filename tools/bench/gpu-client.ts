import { randomUUID } from 'node:crypto';
import { DEFAULT_NODE, DEFAULT_OLLAMA_INSTANCE } from '@baton/contracts';
import { GpuLeases } from '@baton/gpu-lease';
import type { Lease } from '@baton/gpu-lease';
import { systemClock } from '@baton/kernel';
import { Log, RedisConnections, createLogger } from '@baton/platform';
import type { RunRecord } from '../launcher/data-folder.ts';

/** One that every simulated Ollama has. */
export const BENCH_MODEL = 'gpt-oss:20b';

/** Uses the GPU as the services do, from this process. */
export class GpuClient {
  readonly #connections: RedisConnections;
  readonly #leases: GpuLeases;
  readonly #never = new AbortController();
  #users = 0;

  constructor(run: Pick<RunRecord, 'redisUrl' | 'services'>) {
    const log = new Log(createLogger('bench', 'fatal'));
    this.#connections = new RedisConnections(run.redisUrl, log);
    this.#leases = new GpuLeases({
      nodes: [{ node: DEFAULT_NODE, guardBaseUrl: run.services['process-manager']?.http ?? '' }],
      clock: systemClock,
      log,
      redis: this.#connections,
    });
  }

  /** Asks for the GPU, holds it while `work` runs and gives it back. Each piece of work is another user's. */
  use<T>(
    work: (lease: Lease) => Promise<T>,
    { jobId = randomUUID(), signal = this.#never.signal, model = BENCH_MODEL, onWaiting }: GpuUse = {},
  ): Promise<T> {
    this.#users += 1;
    const job = {
      lane: { engine: 'ollama', instance: DEFAULT_OLLAMA_INSTANCE, model },
      kind: 'reply',
      userId: this.#users,
      messageId: this.#users,
      chatId: 1,
      estimateMs: 1_000,
    } as const;
    return this.#leases.withLease(
      { jobId, job, signal, ...(onWaiting === undefined ? {} : { onWaiting }) },
      work,
    );
  }

  async close(): Promise<void> {
    await this.#leases.close();
    await this.#connections.onApplicationShutdown();
  }
}

export interface GpuUse {
  readonly jobId?: string;
  /** Aborted: the wish is taken back, or the work ended. */
  readonly signal?: AbortSignal;
  readonly model?: string;
  /** Called when it has a place in the queue, and again when that changes. */
  readonly onWaiting?: () => void;
}
