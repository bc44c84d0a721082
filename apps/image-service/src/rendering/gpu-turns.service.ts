import type { Lane } from '@baton/contracts';
import { DurationEstimates, LeaseTime, causeUnderLease, type GpuAccess, type Lease } from '@baton/gpu-lease';
import type { Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { EngineDoor } from '../engines/engine-door.ts';
import { GPU_LEASES } from '../tokens.ts';
import type { Variant } from '../images/variants.ts';
import type { ActiveRender } from './active-render.ts';

/** What the two uses of the GPU take when none has been measured yet. */
const FIRST_GUESS_MS = { prompting: 5_000, render: 20_000 } as const;

export interface GpuUse {
  readonly kind: 'prompting' | 'render';
  readonly lane: Lane;
  /** Name of the model for people, and for what is learned about durations. */
  readonly model: string;
  /** How much there is to do, where it can be said: the scheduler learns the time of one unit. */
  readonly workUnits?: number;
  /** Which of a request's pictures. */
  readonly variant?: Variant;
  /** Models of the same Ollama that the turn may use beside the lane's. */
  readonly alsoModels?: readonly string[];
}

/** One use of the GPU: what is reached under the lease, and the stopwatch. */
export interface GpuTurn {
  readonly door: EngineDoor;
  readonly time: LeaseTime;
}

/** The GPU for one step of a request: job, lease, measurement. */
@Injectable()
export class GpuTurnsService {
  private readonly estimates = {
    prompting: new DurationEstimates(FIRST_GUESS_MS.prompting),
    render: new DurationEstimates(FIRST_GUESS_MS.render),
  };
  private readonly gpu: GpuAccess;
  private readonly clock: Clock;

  constructor(@Inject(GPU_LEASES) gpu: GpuAccess, @Inject(CLOCK) clock: Clock) {
    this.gpu = gpu;
    this.clock = clock;
  }

  /** @throws AppError what the lease or `work` failed with; `gpu.job_cancelled` when the request was stopped */
  take<T>(render: ActiveRender, use: GpuUse, work: (turn: GpuTurn) => Promise<T>): Promise<T> {
    const { userId, messageId, chatId } = render.request;
    const { kind, lane, model, workUnits, alsoModels = [] } = use;
    const variant = use.variant?.index ?? 0;
    const estimateMs = this.estimates[kind].of(model);
    return this.gpu.withLease(
      {
        jobId: render.jobId(kind, variant),
        job: {
          lane,
          kind,
          userId,
          messageId,
          chatId,
          estimateMs,
          ...(workUnits === undefined ? {} : { workUnits }),
          ...(alsoModels.length === 0 ? {} : { alsoModels: [...alsoModels] }),
        },
        signal: render.stop.signal,
        onWaiting: (view) => {
          if (kind === 'prompting' || render.tellsWaitOf(variant)) render.state.waiting(view, model);
        },
      },
      (lease) => this.hold(render, use, lease, work),
    );
  }

  private async hold<T>(
    render: ActiveRender,
    { kind, lane, model }: GpuUse,
    lease: Lease,
    work: (turn: GpuTurn) => Promise<T>,
  ): Promise<T> {
    const time = new LeaseTime(this.clock, { engine: lane.engine, model }, lease);
    const signal = AbortSignal.any([lease.signal, render.stop.signal]);
    render.hold();
    try {
      const result = await work({
        door: { url: lease.guard.url, headers: lease.guard.headers, signal },
        time,
      });
      this.estimates[kind].learn(model, time.elapsedMs());
      return result;
    } catch (error) {
      throw await causeUnderLease(error, lease, this.clock);
    } finally {
      render.letGo();
      render.timeline.push(time.entry());
    }
  }
}
