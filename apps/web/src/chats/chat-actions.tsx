import type { Chat } from '@baton/contracts';
import { ActionIcon, Menu } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconDots,
  IconFileCode,
  IconFileText,
  IconPencil,
  IconPin,
  IconPinnedOff,
  IconTrash,
} from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { showError } from '../ui/show-error.ts';
import { useExportChat } from './chat-files.ts';
import { useUpdateChat } from './chat-queries.ts';
import { DeleteChatDialog } from './delete-chat-dialog.tsx';
import { RenameChatDialog } from './rename-chat-dialog.tsx';

interface ChatActionsProps {
  readonly chat: Chat;
  readonly isOpen: boolean;
}

export function ChatActions({ chat, isOpen }: ChatActionsProps): JSX.Element {
  const { t } = useTranslation();
  const [isRenaming, rename] = useDisclosure(false);
  const [isDeleting, remove] = useDisclosure(false);
  const update = useUpdateChat();
  const save = useExportChat();
  const PinIcon = chat.pinned ? IconPinnedOff : IconPin;
  const togglePin = (): void =>
    update.mutate({ chatId: chat.id, changes: { pinned: !chat.pinned } }, { onError: showError });

  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('chats.actions', { title: chat.title })}>
            <IconDots size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={rename.open}>
            {t('chats.rename')}
          </Menu.Item>
          <Menu.Item leftSection={<PinIcon size={16} aria-hidden />} onClick={togglePin}>
            {t(chat.pinned ? 'chats.unpin' : 'chats.pin')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFileText size={16} aria-hidden />}
            onClick={() => save.mutate({ chat, format: 'markdown' }, { onError: showError })}
          >
            {t('chat.export_markdown')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFileCode size={16} aria-hidden />}
            onClick={() => save.mutate({ chat, format: 'json' }, { onError: showError })}
          >
            {t('chat.export_json')}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove.open}>
            {t('chats.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameChatDialog chat={chat} opened={isRenaming} onClose={rename.close} />
      <DeleteChatDialog chat={chat} isOpen={isOpen} opened={isDeleting} onClose={remove.close} />
    </>
  );
}
