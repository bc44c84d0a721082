import type { SwapRecord } from '@baton/contracts';
import type { Metrics } from '@baton/platform';
import type { Engine } from '../core/lane-queue.ts';
import type { Effect, GpuState } from '../core/state.ts';

const WAIT_BUCKETS = [0.005, 0.05, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
const SWAP_BUCKETS = [0.05, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];

/** What the scheduler counts; one set per process, kept across terms. */
export class SchedulerMetrics {
  private readonly leader;
  private readonly waiting;
  private readonly running;
  private readonly grants;
  private readonly waits;
  private readonly swaps;
  private readonly swapPhases;
  private readonly lost;
  private readonly ended;

  constructor(metrics: Metrics) {
    this.leader = metrics.gauge({ name: 'baton_gpu_leader', help: '1 while this scheduler leads' });
    this.waiting = metrics.gauge({
      name: 'baton_gpu_waiting_jobs',
      help: 'GPU jobs that wait for a lease',
      labelNames: ['engine'],
    });
    this.running = metrics.gauge({
      name: 'baton_gpu_running_leases',
      help: 'Leases that are held or being closed',
    });
    this.grants = metrics.counter({
      name: 'baton_gpu_grants_total',
      help: 'Leases granted, by why it was their turn',
      labelNames: ['engine', 'reason'],
    });
    this.waits = metrics.histogram({
      name: 'baton_gpu_wait_seconds',
      help: 'From the submission of a job to its lease',
      labelNames: ['engine'],
      buckets: WAIT_BUCKETS,
    });
    this.swaps = metrics.counter({
      name: 'baton_gpu_swaps_total',
      help: 'Hand-overs of the GPU',
      labelNames: ['outcome'],
    });
    this.swapPhases = metrics.histogram({
      name: 'baton_gpu_swap_phase_seconds',
      help: 'Time of each step of a swap',
      labelNames: ['phase'],
      buckets: SWAP_BUCKETS,
    });
    this.lost = metrics.counter({
      name: 'baton_gpu_leases_lost_total',
      help: 'Leases that were taken back',
      labelNames: ['reason'],
    });
    this.ended = metrics.counter({
      name: 'baton_gpu_jobs_ended_total',
      help: 'GPU jobs that ended',
      labelNames: ['engine', 'outcome'],
    });
  }

  setLeader(isLeader: boolean): void {
    this.leader.set(isLeader ? 1 : 0);
    if (!isLeader) {
      this.waiting.reset();
      this.running.set(0);
    }
  }

  observe(state: GpuState): void {
    const depth: Record<Engine, number> = { ollama: 0, comfyui: 0 };
    for (const queue of state.lanes.values()) depth[queue.lane.engine] += queue.size;
    for (const [engine, count] of Object.entries(depth)) this.waiting.set({ engine }, count);
    this.running.set(state.running.size);
  }

  decided(effect: Effect): void {
    if (effect.do === 'grant') this.grants.inc({ engine: effect.job.lane.engine, reason: effect.reason });
    else if (effect.do === 'close' && effect.revoke !== null) this.lost.inc({ reason: effect.revoke });
  }

  granted(engine: Engine, waitMs: number): void {
    this.waits.observe({ engine }, Math.max(0, waitMs) / 1_000);
  }

  swapEnded(outcome: 'done' | 'failed', record: SwapRecord): void {
    this.swaps.inc({ outcome });
    for (const { phase, ms } of record.phases) this.swapPhases.observe({ phase }, ms / 1_000);
  }

  jobEnded(engine: Engine, outcome: string): void {
    this.ended.inc({ engine, outcome });
  }
}
