import type { Message } from '@baton/contracts';
import { IconThumbDown, IconThumbUp } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { showError } from '../ui/show-error.ts';
import { useRate } from './message-queries.ts';
import { ToolButton } from './tool-button.tsx';

/** Whether an answer was good; the same button once more takes it back. */
export function Rating({ message }: { readonly message: Message }): JSX.Element {
  const { t } = useTranslation();
  const rate = useRate();
  const toggle = (rating: 'up' | 'down'): void =>
    rate.mutate({ message, rating: message.rating === rating ? null : rating }, { onError: showError });
  return (
    <>
      <ToolButton
        label={t('chat.rate_up')}
        icon={<IconThumbUp size={16} aria-hidden />}
        isOn={message.rating === 'up'}
        onClick={() => toggle('up')}
      />
      <ToolButton
        label={t('chat.rate_down')}
        icon={<IconThumbDown size={16} aria-hidden />}
        isOn={message.rating === 'down'}
        onClick={() => toggle('down')}
      />
    </>
  );
}
