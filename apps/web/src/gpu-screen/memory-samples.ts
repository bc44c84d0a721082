import type { readCardHistory } from '@baton/contracts';
import type { z } from 'zod';

export type CardSample = z.infer<typeof readCardHistory.reply>['samples'][number];

/** One point of the chart, in GiB: the same memory never counts twice, so the layers add up to what is in use. */
export interface ChartPoint {
  readonly atMs: number;
  readonly ollama: number;
  readonly comfyui: number;
  readonly nobody: number;
  readonly foreign: number;
}

/** More points than this are not seen apart on any screen. */
const MOST_POINTS = 240;

/** Thins out by the sample of each stretch with the most in use: peaks are what one looks for. */
export function chartPoints(samples: readonly CardSample[]): readonly ChartPoint[] {
  const stretch = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const points: ChartPoint[] = [];
  for (let from = 0; from < samples.length; from += stretch) {
    const highest = samples
      .slice(from, from + stretch)
      .reduce((most, sample) => (sample.used_mib > most.used_mib ? sample : most));
    points.push(pointOf(highest));
  }
  return points;
}

function pointOf({ at_ms: atMs, used_mib: usedMib, foreign_mib: foreignMib, owner }: CardSample): ChartPoint {
  const foreign = Math.min(usedMib, foreignMib ?? 0) / 1_024;
  const own = usedMib / 1_024 - foreign;
  return {
    atMs,
    ollama: owner === 'ollama' ? own : 0,
    comfyui: owner === 'comfyui' ? own : 0,
    nobody: owner === null ? own : 0,
    foreign,
  };
}
