import type { SwapCause, SwapRecord } from '@baton/contracts';
import type { Metrics } from '@baton/platform';
import type { Engine } from '../core/lane-queue.ts';
import { allQueues, type Effect, type GpuState } from '../core/state.ts';

const WAIT_BUCKETS = [0.005, 0.05, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
const SWAP_BUCKETS = [0.05, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];
/** Of the promised wait: 1 is granted exactly when it was first said, 2 is twice as late. */
const ETA_BUCKETS = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4];

/** The instruments of one process; the nodes that it schedules are told apart by their label. */
export class SchedulerMeters {
  readonly leader;
  readonly waiting;
  readonly running;
  readonly grants;
  readonly waits;
  readonly etaRatio;
  readonly refusals;
  readonly visits;
  readonly swaps;
  readonly swapPhases;
  readonly lost;
  readonly ended;

  constructor(metrics: Metrics) {
    this.leader = metrics.gauge({
      name: 'baton_gpu_leader',
      help: '1 while this scheduler leads the node',
      labelNames: ['node'],
    });
    this.waiting = metrics.gauge({
      name: 'baton_gpu_waiting_jobs',
      help: 'GPU jobs that wait for a lease',
      labelNames: ['node', 'engine'],
    });
    this.running = metrics.gauge({
      name: 'baton_gpu_running_leases',
      help: 'Leases that are held or being closed',
      labelNames: ['node'],
    });
    this.grants = metrics.counter({
      name: 'baton_gpu_grants_total',
      help: 'Leases granted, by why it was their turn',
      labelNames: ['node', 'engine', 'reason'],
    });
    this.waits = metrics.histogram({
      name: 'baton_gpu_wait_seconds',
      help: 'From the submission of a job to its lease',
      labelNames: ['node', 'engine'],
      buckets: WAIT_BUCKETS,
    });
    this.etaRatio = metrics.histogram({
      name: 'baton_gpu_eta_ratio',
      help: 'Real wait over the wait that was first promised, for promises of more than a second',
      labelNames: ['node', 'engine'],
      buckets: ETA_BUCKETS,
    });
    this.refusals = metrics.counter({
      name: 'baton_gpu_refusals_total',
      help: 'Waiting GPU jobs that were ended without a lease, by error code',
      labelNames: ['node', 'engine', 'code'],
    });
    this.visits = metrics.counter({
      name: 'baton_gpu_visits_total',
      help: 'Visits that have begun',
      labelNames: ['node', 'engine'],
    });
    this.swaps = metrics.counter({
      name: 'baton_gpu_swaps_total',
      help: 'Hand-overs of the GPU, by why they were begun',
      labelNames: ['node', 'outcome', 'cause'],
    });
    this.swapPhases = metrics.histogram({
      name: 'baton_gpu_swap_phase_seconds',
      help: 'Time of each step of a swap',
      labelNames: ['node', 'phase'],
      buckets: SWAP_BUCKETS,
    });
    this.lost = metrics.counter({
      name: 'baton_gpu_leases_lost_total',
      help: 'Leases that were taken back',
      labelNames: ['node', 'reason'],
    });
    this.ended = metrics.counter({
      name: 'baton_gpu_jobs_ended_total',
      help: 'GPU jobs that ended',
      labelNames: ['node', 'engine', 'outcome'],
    });
  }
}

/** What the scheduler of one node counts, across its terms. */
export class SchedulerMetrics {
  private readonly meters: SchedulerMeters;
  private readonly node: string;

  constructor(meters: SchedulerMeters, node: string) {
    this.meters = meters;
    this.node = node;
  }

  setLeader(isLeader: boolean): void {
    const { node, meters } = this;
    meters.leader.set({ node }, isLeader ? 1 : 0);
    if (isLeader) return;
    for (const engine of ['ollama', 'comfyui']) meters.waiting.set({ node, engine }, 0);
    meters.running.set({ node }, 0);
  }

  observe(state: GpuState): void {
    const { node, meters } = this;
    const depth: Record<Engine, number> = { ollama: 0, comfyui: 0 };
    for (const queue of allQueues(state)) depth[queue.lane.engine] += queue.size;
    for (const [engine, count] of Object.entries(depth)) meters.waiting.set({ node, engine }, count);
    meters.running.set({ node }, state.running.size);
  }

  decided(effect: Effect): void {
    const { node, meters } = this;
    if (effect.do === 'grant') {
      meters.grants.inc({ node, engine: effect.job.lane.engine, reason: effect.reason });
    } else if (effect.do === 'close' && effect.revoke !== null) {
      meters.lost.inc({ node, reason: effect.revoke });
    } else if (effect.do === 'end' && effect.ending.outcome === 'failed') {
      const code = effect.ending.code ?? 'none';
      meters.refusals.inc({ node, engine: effect.job.lane.engine, code });
    }
  }

  granted(engine: Engine, waitMs: number, promisedMs: number | null): void {
    const { node, meters } = this;
    meters.waits.observe({ node, engine }, Math.max(0, waitMs) / 1_000);
    if (promisedMs !== null && promisedMs > 1_000) {
      meters.etaRatio.observe({ node, engine }, Math.max(0, waitMs) / promisedMs);
    }
  }

  visitOpened(engine: Engine): void {
    this.meters.visits.inc({ node: this.node, engine });
  }

  swapEnded(outcome: 'done' | 'failed', cause: SwapCause | null, record: SwapRecord): void {
    const { node, meters } = this;
    meters.swaps.inc({ node, outcome, cause: cause ?? 'found' });
    for (const { phase, ms } of record.phases) meters.swapPhases.observe({ node, phase }, ms / 1_000);
  }

  jobEnded(engine: Engine, outcome: string): void {
    this.meters.ended.inc({ node: this.node, engine, outcome });
  }
}
