import type { Message } from '@baton/contracts';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useConversation } from './conversation-context.ts';
import { useDeleteMessage } from './message-queries.ts';

interface DeleteMessageDialogProps {
  readonly message: Message;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function DeleteMessageDialog({ message, opened, onClose }: DeleteMessageDialogProps): JSX.Element {
  const { t } = useTranslation();
  const { hold } = useConversation();
  const remove = useDeleteMessage(hold);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('chat.delete_title')}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        <Text size="sm">{t('chat.delete_text')}</Text>
        {remove.isError && <ErrorNotice error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate(message)}>
            {t('chat.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
