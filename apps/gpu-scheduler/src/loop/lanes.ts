import { laneKey, type GpuJob, type LaneLabel, type Lane as WireLane } from '@baton/contracts';
import type { Arrival } from '../core/facts.ts';
import type { Lane } from '../core/lane-queue.ts';

/** The core knows a lane by its key; these turn one into the other. */
export function toLane(lane: WireLane): Lane {
  return { key: laneKey(lane), engine: lane.engine };
}

export function toWireLane(lane: Lane): WireLane {
  if (lane.engine === 'comfyui') return { engine: 'comfyui' };
  const [, instance = '', ...model] = lane.key.split(':');
  return { engine: 'ollama', instance, model: model.join(':') };
}

export function toLabel(lane: Lane): LaneLabel {
  const wire = toWireLane(lane);
  return { engine: wire.engine, model: wire.engine === 'ollama' ? wire.model : null };
}

export function toArrival(id: string, job: GpuJob): Arrival {
  return {
    id,
    lane: toLane(job.lane),
    userId: job.userId,
    estimateMs: job.estimateMs,
    kind: job.kind,
    ...(job.workUnits === undefined ? {} : { workUnits: job.workUnits }),
    ...(job.urgency === undefined || job.urgency === 'interactive' ? {} : { urgency: job.urgency }),
    submittedAtMs: job.submittedAtMs,
  };
}
