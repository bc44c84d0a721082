import type { Chat } from '@baton/contracts';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useDeleteChat } from './chat-queries.ts';

interface DeleteChatDialogProps {
  readonly chat: Chat;
  /** The chat is the one on screen, which has to go too. */
  readonly isOpen: boolean;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function DeleteChatDialog({ chat, isOpen, opened, onClose }: DeleteChatDialogProps): JSX.Element {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const remove = useDeleteChat();
  const onDelete = (): void =>
    remove.mutate(chat.id, {
      onSuccess: () => {
        onClose();
        if (isOpen) navigate('/');
      },
    });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('chats.delete_title')}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack>
        <Text size="sm">{t('chats.delete_text', { title: chat.title })}</Text>
        {remove.isError && <ErrorNotice error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red.9" loading={remove.isPending} onClick={onDelete}>
            {t('chats.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
