import { CHAT_LIMITS, type Chat } from '@baton/contracts';
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useUpdateChat } from './chat-queries.ts';

interface RenameChatDialogProps {
  readonly chat: Chat;
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function RenameChatDialog({ chat, opened, onClose }: RenameChatDialogProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('chats.rename_title')}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <RenameForm chat={chat} onClose={onClose} />
    </Modal>
  );
}

function RenameForm({ chat, onClose }: Omit<RenameChatDialogProps, 'opened'>): JSX.Element {
  const { t } = useTranslation();
  const [title, setTitle] = useState(chat.title);
  const update = useUpdateChat();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        update.mutate({ chatId: chat.id, changes: { title: title.trim() } }, { onSuccess: onClose });
      }}
    >
      <Stack>
        <TextInput
          label={t('chats.name')}
          required
          data-autofocus
          maxLength={CHAT_LIMITS.titleChars}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        {update.isError && <ErrorNotice error={update.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={update.isPending} disabled={title.trim() === ''}>
            {t('app.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
