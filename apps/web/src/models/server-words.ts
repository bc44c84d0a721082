import type { ModelServer } from '@baton/contracts';
import type { TFunction } from 'i18next';
import { isTaskType } from '../chats/task-types.ts';

export function sayServer(id: ModelServer['id'], t: TFunction): string {
  if (id === 'main') return t('models_screen.server_main');
  return id === 'local' ? t('models_screen.server_local') : t('models_screen.server_nth', { id });
}

/** Kinds of work in words; a capability that this page does not know stays as it is configured. */
export function sayCapability(capability: string, t: TFunction): string {
  return isTaskType(capability) ? t(`chat.task.${capability}`) : capability;
}
