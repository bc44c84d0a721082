import { randomUUID } from 'node:crypto';
import { DEFAULT_OLLAMA_INSTANCE, gpuKeys, gpuQueueName, type GpuJob, type Lane } from '@baton/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { apply, type Fact } from '../core/fact.ts';
import { createState, type Effect, type GpuState } from '../core/state.ts';
import { SETTINGS } from '../core/testing.ts';
import { toArrival, toLane } from '../loop/lanes.ts';
import { JobStore } from '../queue/job.store.ts';

const USERS = 50;
const ESTIMATE_MS = 5_000;
const EPOCH = 1;
/** Added in one command at most. */
const CHUNK = 5_000;
/** Everything of BullMQ that a decision does not need is as in production. */
const PRIORITY = 20;

/** Several lanes, so that a decision has to choose one; the GPU changes hands as the policy wants. */
const LANES: readonly Lane[] = [
  { engine: 'comfyui' },
  ...['llama', 'qwen', 'gpt'].map((model) => ({
    engine: 'ollama' as const,
    instance: DEFAULT_OLLAMA_INSTANCE,
    model,
  })),
];

export interface Cycle {
  /** All that the core did for one job: its arrival, its choice, its grant, its end. */
  readonly coreUs: number;
  /** Of that, the one decision that chose the next job. */
  readonly decisionUs: number;
  readonly claimMs: number;
}

/** The core with a queue of a certain length, and a real Redis under it. It serves one job after the other. */
export class Backlog {
  readonly length: number;
  private readonly node: string;
  private readonly redis: Redis;
  private readonly store: JobStore;
  private readonly queue: Queue;
  private state: GpuState;
  private nowMs = 1;
  private coreUs = 0;
  private lastUs = 0;

  /** @param connect makes a connection that waits through outages */
  constructor(length: number, connect: () => Redis) {
    this.length = length;
    this.node = `bench-${length}`;
    this.redis = connect();
    this.store = new JobStore(connect(), this.node, () => undefined);
    this.queue = new Queue(gpuQueueName(this.node), { connection: this.redis });
    this.state = this.emptyState();
  }

  async fill(): Promise<void> {
    await this.redis.set(gpuKeys(this.node).epoch, EPOCH);
    for (let at = 0; at < this.length; at += CHUNK) {
      const jobs = Array.from({ length: Math.min(CHUNK, this.length - at) }, (_, offset) =>
        this.newJob(at + offset),
      );
      await this.queue.addBulk(
        jobs.map(({ id, job }) => ({ name: 'reply', data: job, opts: { jobId: id, priority: PRIORITY } })),
      );
    }
  }

  /** What a new leader does: reads the queue and builds its index. */
  async rebuild(): Promise<{ readonly ms: number; readonly bytesPerJob: number | null }> {
    const startedAt = performance.now();
    const stored = await this.store.waiting();
    const jobs = stored.flatMap(({ id, job }) => (job === null ? [] : [toArrival(id, job)]));
    const readMs = performance.now() - startedAt;
    this.state = this.emptyState();
    const before = heapBytes();
    const resumedAt = performance.now();
    const effects = this.tell({ is: 'backlog', jobs });
    const ms = readMs + performance.now() - resumedAt;
    const after = heapBytes();
    await this.carryOut(effects);
    const bytesPerJob = before === null || after === null ? null : (after - before) / jobs.length;
    return { ms, bytesPerJob };
  }

  /** The job that runs ends, the next one is chosen and claimed, and a new one takes its place in the queue. */
  async serveOne(): Promise<Cycle> {
    const { id, job } = this.newJob(0);
    await this.queue.add('reply', job, { jobId: id, priority: PRIORITY });
    this.coreUs = 0;
    const early = this.tell({ is: 'arrived', job: toArrival(id, job) });
    const [leaseId] = this.state.running.keys();
    if (leaseId === undefined) throw new Error('nothing runs');
    const effects = [...early, ...this.tell({ is: 'released', leaseId, outcome: 'completed' })];
    this.lastUs = 0;
    effects.push(...this.tell({ is: 'doorShut', leaseId, isQuiet: true }));
    const decisionUs = this.lastUs;
    const claimMs = await this.carryOut(effects);
    return { coreUs: this.coreUs, decisionUs, claimMs };
  }

  async close(): Promise<void> {
    await this.queue.obliterate({ force: true });
    await this.store.close();
    await this.queue.close();
  }

  /** Does what the core wants; swaps happen at once. Resolves with how long the claim took. */
  private async carryOut(effects: readonly Effect[]): Promise<number> {
    let claimMs = 0;
    for (const waiting = [...effects]; waiting.length > 0;) {
      const effect = waiting.shift();
      if (effect?.do === 'grant') {
        const startedAt = performance.now();
        if (!(await this.store.claim(EPOCH, effect.job.id, effect.leaseId)))
          throw new Error('the job is gone');
        claimMs = performance.now() - startedAt;
        waiting.push(...this.tell({ is: 'granted', leaseId: effect.leaseId, bootId: 'boot' }));
      } else if (effect?.do === 'startSwap') {
        const swapId = effect.swap.id;
        waiting.push(...this.tell({ is: 'swapAccepted', swapId }));
        waiting.push(...this.tell({ is: 'swapEnded', result: { swapId, isDone: true, tookMs: 1 } }));
      } else if (effect?.do === 'finish') {
        await this.store.end(EPOCH, effect.job.id, effect.leaseId, { outcome: 'completed', code: null });
      } else if (effect?.do === 'end') throw new Error(`a job ended: ${effect.ending.code ?? ''}`);
    }
    return claimMs;
  }

  private tell(fact: Fact): Effect[] {
    this.nowMs += 1;
    const startedAt = performance.now();
    const effects = apply(this.state, fact, this.nowMs);
    this.lastUs = (performance.now() - startedAt) * 1_000;
    this.coreUs += this.lastUs;
    return effects;
  }

  private emptyState(): GpuState {
    // Nobody is refused here, however long the queue.
    const settings = { ...SETTINGS, maxWaiting: 0, maxWaitingPerUser: 0, maxExpectedWaitMs: 0 };
    const state = createState({ settings, term: '1', fence: 0, nowMs: 0 });
    const owner = toLane(LANES[1] ?? { engine: 'comfyui' });
    const report = { bootId: 'boot', highestFence: 0, owner, swap: null, lastSwap: null };
    apply(state, { is: 'nodeReported', report: { ...report, askedAtTurn: state.nodeTurns } }, 0);
    return state;
  }

  private newJob(at: number): { readonly id: string; readonly job: GpuJob } {
    const id = randomUUID();
    const number = this.state.arrivals + at;
    const lane = LANES[number % LANES.length] ?? { engine: 'comfyui' };
    return {
      id,
      job: {
        version: 1,
        lane,
        kind: lane.engine === 'comfyui' ? 'render' : 'reply',
        userId: 1 + (number % USERS),
        messageId: 1,
        chatId: 1,
        estimateMs: ESTIMATE_MS,
        submittedAtMs: Date.now(),
        correlationId: id,
      },
    };
  }
}

/** Null when Node was not started with --expose-gc. */
function heapBytes(): number | null {
  if (globalThis.gc === undefined) return null;
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
