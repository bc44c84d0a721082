import type { EngineName, LaneLabel, SwapRecord } from '@baton/contracts';
import type { TFunction } from 'i18next';
import { ENGINE_NAMES } from './baton-place.ts';

/** The shortest name of a lane: its model, or else its engine. */
export function sayLane(lane: LaneLabel | null, t: TFunction): string {
  return lane === null ? t('gpu.nobody') : (lane.model ?? ENGINE_NAMES[lane.engine]);
}

/** Engine and model. */
export function sayWholeLane(lane: LaneLabel | null, t: TFunction): string {
  return lane === null ? t('gpu.nobody') : [ENGINE_NAMES[lane.engine], lane.model].filter(Boolean).join(' ');
}

/** Which engines had to be stopped in a swap and which kept their memory; null when neither happened. */
export function saySwapEngines(
  { stopped = [], kept = [] }: Pick<SwapRecord, 'stopped' | 'kept'>,
  t: TFunction,
): string | null {
  const names = (engines: readonly EngineName[]): string =>
    engines.map((engine) => ENGINE_NAMES[engine]).join(', ');
  const parts = [
    ...(stopped.length === 0 ? [] : [t('gpu.swap_stopped', { engines: names(stopped) })]),
    ...(kept.length === 0 ? [] : [t('gpu.swap_kept', { engines: names(kept) })]),
  ];
  return parts.length === 0 ? null : parts.join(' · ');
}
