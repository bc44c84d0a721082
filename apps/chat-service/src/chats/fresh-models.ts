import { codeOf } from '@baton/kernel';
import type { ModelsService } from '../models/models.service.ts';

/** A model may have been installed since the list was read: nobody is refused by an old list. */
export async function withFreshModels<T>(
  models: Pick<ModelsService, 'refresh'>,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    const isOfTheList = code === 'model.unknown' || code === 'model.none_installed';
    if (!isOfTheList || !(await models.refresh())) throw error;
    return work();
  }
}
