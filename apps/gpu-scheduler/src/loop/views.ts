import type {
  GpuJob,
  GpuStatus,
  NodeStatus,
  QueueEntry,
  SwapRecord,
  WaitReason,
  WaitingView,
} from '@baton/contracts';
import { forecast, type Expectation } from '../core/forecast.ts';
import type { WaitingJob } from '../core/lane-queue.ts';
import type { GpuState } from '../core/state.ts';
import { waitingCount } from '../core/urgency.ts';
import { waitingReason } from '../core/waiting-reason.ts';
import { toLabel } from './lanes.ts';

/** What is shown of the state. Pure: the same state and time give the same views. */

export function waitingViews(state: GpuState, nowMs: number): WaitingView[] {
  const expected = forecast(state, nowMs);
  return [...state.jobs.values()].map((job) => waitingViewOf(state, job, expected.get(job.id) ?? null));
}

function waitingViewOf(state: GpuState, job: WaitingJob, expectation: Expectation | null): WaitingView {
  const { swap } = state;
  const isForMe = swap !== null && swap.to?.key === job.lane.key;
  return {
    jobId: job.id,
    stage: isForMe ? (swap.phase === 'load' ? 'loading' : 'swapping') : 'queued',
    position: expectation?.position ?? null,
    reason: reasonOf(state, job),
    etaP50Ms: expectation?.p50Ms ?? null,
    etaP90Ms: expectation?.p90Ms ?? null,
    swap: isForMe
      ? {
          from: swap.from === null ? null : toLabel(swap.from),
          to: toLabel(job.lane),
          phase: swap.phase,
        }
      : null,
  };
}

/** The core's reason, with the holder as people know it. */
function reasonOf(state: GpuState, job: WaitingJob): WaitReason {
  const { code, holder } = waitingReason(state, job);
  return { code, holder: holder === null ? null : toLabel(holder) };
}

export function statusOf(
  state: GpuState,
  seen: {
    readonly node: string;
    readonly report: NodeStatus | null;
    readonly lastSwap: SwapRecord | null;
    readonly nowMs: number;
  },
): GpuStatus {
  const { swap, visit } = state;
  return {
    node: seen.node,
    phase: phaseOf(state),
    holder: visit === null ? null : toLabel(visit.lane),
    holder_since_ms: visit?.startedAtMs ?? null,
    swap:
      swap === null
        ? null
        : {
            id: swap.id,
            from: swap.from === null ? null : toLabel(swap.from),
            to: swap.to === null ? null : toLabel(swap.to),
            phase: swap.phase,
            started_at_ms: swap.startedAtMs,
          },
    last_swap: seen.lastSwap,
    running: state.running.size,
    waiting: waitingCount(state),
    card: seen.report?.card ?? null,
    engines: seen.report?.engines ?? [],
    at_ms: seen.nowMs,
  };
}

function phaseOf(state: GpuState): GpuStatus['phase'] {
  if (!state.node.isPresent) return 'unavailable';
  if (state.swap !== null) return state.swap.phase === 'drain' ? 'draining' : 'swapping';
  return state.running.size > 0 ? 'serving' : 'idle';
}

/** Who runs, then who waits; a job whose payload is not known any more is left out. */
export function queueEntries(
  state: GpuState,
  payloads: ReadonlyMap<string, GpuJob>,
  nowMs: number,
): QueueEntry[] {
  const views = new Map(waitingViews(state, nowMs).map((view) => [view.jobId, view]));
  const running = [...state.running.values()].map(({ job }) => job);
  return [...running, ...state.jobs.values()].flatMap((job) => {
    const payload = payloads.get(job.id);
    if (payload === undefined) return [];
    const { userId, chatId, messageId, kind, submittedAtMs, urgency } = payload;
    const view = views.get(job.id) ?? null;
    const lane = toLabel(job.lane);
    return {
      jobId: job.id,
      userId,
      chatId,
      messageId,
      kind,
      lane,
      running: view === null,
      ...(urgency === undefined ? {} : { urgency }),
      submittedAtMs,
      view,
    };
  });
}

/** Whether somebody who looks would notice: an estimate that only counts down with the clock is no news. */
export function isNews(before: WaitingView | undefined, after: WaitingView): boolean {
  if (before === undefined) return true;
  return (
    before.stage !== after.stage ||
    before.position !== after.position ||
    before.reason.code !== after.reason.code ||
    before.reason.holder?.engine !== after.reason.holder?.engine ||
    before.reason.holder?.model !== after.reason.holder?.model ||
    before.swap?.phase !== after.swap?.phase ||
    (before.etaP50Ms === null) !== (after.etaP50Ms === null)
  );
}
