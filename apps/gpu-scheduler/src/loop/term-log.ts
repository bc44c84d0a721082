import type { GpuJob, SwapCause, SwapEnd } from '@baton/contracts';
import type { Log } from '@baton/platform';
import type { WaitingJob } from '../core/lane-queue.ts';
import type { Effect, Ending, Swap } from '../core/state.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** What a term tells the log and the metrics: one line for each swap, job and order. */
export class TermLog {
  private readonly log: Log;
  private readonly metrics: SchedulerMetrics;
  /** Why the swap that is under way was begun. */
  private cause: SwapCause | null = null;

  constructor(log: Log, metrics: SchedulerMetrics) {
    this.log = log;
    this.metrics = metrics;
  }

  decided(effect: Effect): void {
    this.metrics.decided(effect);
    if (effect.do === 'startSwap') this.swapStarted(effect.swap, effect.reason);
  }

  /** `promisedMs`: how long it would take, as it was first said. */
  granted(job: WaitingJob, promisedMs: number | null, nowMs: number): void {
    // The figures are about people who wait.
    if (job.urgency === undefined)
      this.metrics.granted(job.lane.engine, nowMs - job.submittedAtMs, promisedMs);
  }

  swapEnded(end: SwapEnd): void {
    const { outcome, record, swapId, fence } = end;
    this.metrics.swapEnded(outcome, this.cause, record);
    if (outcome === 'done' && record.to !== null) this.metrics.visitOpened(record.to.engine);
    this.log.event('swap.end', {
      swapId,
      fence,
      outcome,
      ...(end.outcome === 'failed' ? { code: end.code } : {}),
      to: record.to?.engine ?? null,
      cause: this.cause,
      ms: record.total_ms,
      ...Object.fromEntries(record.phases.map(({ phase, ms }) => [`${phase}Ms`, ms])),
    });
    this.cause = null;
  }

  jobEnded(jobId: string, payload: GpuJob, { outcome, code }: Ending, nowMs: number): void {
    const { correlationId, lane, kind, submittedAtMs } = payload;
    this.metrics.jobEnded(lane.engine, outcome);
    this.log.event('gpu_job.end', {
      jobId,
      correlationId,
      engine: lane.engine,
      kind,
      outcome,
      ...(code === null ? {} : { code }),
      ms: nowMs - submittedAtMs,
    });
  }

  orderEnded({ orderId, outcome, code }: Extract<Effect, { do: 'orderDone' }>): void {
    this.log.event('gpu_order.end', { orderId, outcome, ...(code === null ? {} : { code }) });
  }

  private swapStarted({ id, fence, from, to }: Swap, cause: SwapCause): void {
    this.cause = cause;
    this.log.event('swap.start', {
      swapId: id,
      fence,
      from: from?.key ?? null,
      to: to?.key ?? null,
      cause,
    });
  }
}
