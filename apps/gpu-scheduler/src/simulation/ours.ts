import { apply, type Fact } from '../core/fact.ts';
import { forecast } from '../core/forecast.ts';
import type { Lane } from '../core/lane-queue.ts';
import { nextWakeMs } from '../core/policy.ts';
import { createState, type Effect, type GpuState, type Settings, type Swap } from '../core/state.ts';
import { classOf, type SimJob } from './job.ts';
import type { Order, Policy, PolicyKind, PolicyOptions } from './policy.ts';

const BOOT_ID = 'simulated';

/** The policy that the scheduler runs: the same module, fed with facts, its effects carried out without delay. */
export function ours(settings: Settings, name = 'ours'): PolicyKind {
  return { name, create: (options) => new CorePolicy(settings, options) };
}

class CorePolicy implements Policy {
  private readonly state: GpuState;
  private readonly jobs = new Map<string, SimJob>();
  private readonly leases = new Map<string, string>();
  private swap: Swap | null = null;

  constructor(settings: Settings, { slots, resident }: PolicyOptions) {
    this.state = createState({
      settings: { ...settings, ollamaSlots: slots },
      term: 'simulation',
      fence: 0,
      nowMs: 0,
    });
    const report = { bootId: BOOT_ID, highestFence: 0, owner: resident, swap: null, lastSwap: null };
    this.tell({ is: 'nodeReported', report: { ...report, askedAtTurn: this.state.nodeTurns } }, 0);
  }

  onArrival(job: SimJob, nowMs: number): readonly Order[] {
    this.jobs.set(job.id, job);
    const { id, lane, userId, estimateMs, arrivalMs, workUnits, urgency } = job;
    const arrival = { id, lane, userId, estimateMs, kind: classOf(job), submittedAtMs: arrivalMs };
    const units = workUnits === null ? {} : { workUnits };
    const urgent = urgency === undefined ? {} : { urgency };
    return this.tell({ is: 'arrived', job: { ...arrival, ...units, ...urgent } }, nowMs);
  }

  onFinished(job: SimJob, nowMs: number): readonly Order[] {
    const leaseId = this.leases.get(job.id);
    if (leaseId === undefined) throw new Error(`${job.id} has no lease`);
    return this.tell({ is: 'released', leaseId, outcome: 'completed' }, nowMs);
  }

  onSwapEnded(_to: Lane | null, tookMs: number, nowMs: number): readonly Order[] {
    if (this.swap === null) throw new Error('a swap ended that nobody began');
    const { id } = this.swap;
    this.swap = null;
    return this.tell({ is: 'swapEnded', result: { swapId: id, isDone: true, tookMs } }, nowMs);
  }

  onWake(nowMs: number): readonly Order[] {
    return this.tell({ is: 'ticked' }, nowMs);
  }

  wakeAtMs(nowMs: number): number | null {
    return nextWakeMs(this.state, nowMs);
  }

  expectation(job: SimJob, nowMs: number): { readonly p50Ms: number; readonly p90Ms: number } | null {
    return forecast(this.state, nowMs).get(job.id) ?? null;
  }

  private tell(fact: Fact, nowMs: number): Order[] {
    return apply(this.state, fact, nowMs).flatMap((effect) => this.carryOut(effect, nowMs));
  }

  private carryOut(effect: Effect, nowMs: number): Order[] {
    switch (effect.do) {
      case 'grant': {
        const job = this.job(effect.job.id);
        this.leases.set(job.id, effect.leaseId);
        const more = this.tell({ is: 'granted', leaseId: effect.leaseId, bootId: BOOT_ID }, nowMs);
        return [{ do: 'grant', job }, ...more];
      }
      case 'startSwap':
        this.swap = effect.swap;
        return [
          { do: 'swap', to: effect.swap.to },
          ...this.tell({ is: 'swapAccepted', swapId: effect.swap.id }, nowMs),
        ];
      case 'close':
        return this.tell({ is: 'doorShut', leaseId: effect.leaseId, isQuiet: true }, nowMs);
      case 'orderDone':
        return [];
      case 'finish':
        this.forget(effect.job.id);
        return [];
      case 'end': {
        const job = this.job(effect.job.id);
        this.forget(job.id);
        return [{ do: 'refuse', job }];
      }
    }
  }

  private job(id: string): SimJob {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error(`the core speaks of ${id}, which never arrived`);
    return job;
  }

  private forget(id: string): void {
    this.jobs.delete(id);
    this.leases.delete(id);
  }
}
