import type { Message } from '@baton/contracts';
import { ActionIcon, Group, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { showError } from '../ui/show-error.ts';
import { useConversation } from './conversation-context.ts';
import classes from './messages.module.css';
import { useSelectVersion } from './message-queries.ts';
import { versionPlace } from './siblings.ts';

/** Which version of a message is shown, and the way to the others; nothing when it is the only one. */
export function Versions({ message }: { readonly message: Message }): JSX.Element | null {
  const { t } = useTranslation();
  const { hold } = useConversation();
  const select = useSelectVersion(message.chat_id, hold);
  const place = versionPlace(message);
  if (place === null) return null;
  const show = (id: number | null): void => {
    if (id !== null) select.mutate(id, { onError: showError });
  };
  return (
    <Group
      gap={0}
      wrap="nowrap"
      role="group"
      aria-label={t('chat.versions')}
      className={classes['versions'] ?? ''}
    >
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={t('chat.version_before')}
        disabled={place.previousId === null || select.isPending}
        onClick={() => show(place.previousId)}
      >
        <IconChevronLeft size={15} aria-hidden />
      </ActionIcon>
      <Text size="xs">{t('chat.version', { number: place.number, of: place.count })}</Text>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={t('chat.version_after')}
        disabled={place.nextId === null || select.isPending}
        onClick={() => show(place.nextId)}
      >
        <IconChevronRight size={15} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
