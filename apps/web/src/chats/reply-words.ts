import type { Message } from '@baton/contracts';
import type { TFunction } from 'i18next';
import type { ShownReply } from './shown-reply.ts';

/** The state of an answer in a few words; changes with the state and the place in the queue, not with every event. */
export function sayState(shown: ShownReply, kind: Message['kind'], t: TFunction): string {
  switch (shown.state) {
    case 'queued': {
      const position = shown.wait?.position ?? null;
      if (shown.wait === null) return t('reply.asking');
      return position === null ? t('reply.queued') : t('reply.queued_place', { position });
    }
    case 'loading':
      return shown.loadingModel === null
        ? t('reply.loading')
        : t('reply.loading_model', { model: shown.loadingModel });
    case 'searching':
      return t('chat.searching');
    case 'done':
      return t(kind === 'image' ? 'reply.image_done' : 'reply.done');
    default:
      return t(`reply.${shown.state}`);
  }
}
