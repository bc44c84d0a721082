import type { GpuStatus } from '@baton/contracts';
import type { TFunction } from 'i18next';
import { ENGINE_NAMES } from './baton-place.ts';

/** What the GPU does, in one line. */
export function sayGpu(status: GpuStatus, t: TFunction): string {
  const engine = status.holder === null ? null : ENGINE_NAMES[status.holder.engine];
  // From its first step, in which the last holder finishes its work.
  if (status.swap !== null && status.phase !== 'unavailable') return t('gpu.swapping');
  switch (status.phase) {
    case 'unavailable':
      return t('gpu.unavailable');
    case 'swapping':
      return t('gpu.swapping');
    case 'draining':
      return engine === null ? t('gpu.idle') : t('gpu.draining', { engine });
    case 'serving':
    case 'idle':
      return engine === null ? t('gpu.free') : t('gpu.serving', { engine });
  }
}
