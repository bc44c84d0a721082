import { DEFAULT_OLLAMA_INSTANCE, type SwitchOrder } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import type { Lane } from '../core/lane-queue.ts';
import { toLane } from './lanes.ts';

/**
 * The lane that a switch by hand means. Ollama without a model is the model that was resident last.
 *
 * @throws AppError `request.invalid` for Ollama when no model is named and none has been resident yet
 */
export function laneOfOrder(
  { engine, model }: Pick<SwitchOrder, 'engine' | 'model'>,
  home: Lane | null,
): Lane {
  if (engine === 'comfyui') return toLane({ engine });
  if (model !== null) return toLane({ engine, instance: DEFAULT_OLLAMA_INSTANCE, model });
  if (home !== null) return home;
  const issue = { path: 'model', message: 'must name a model: none has been on the GPU yet' };
  throw new AppError('request.invalid', { engine }, { issues: [issue] });
}
