import { isFinalState, type Message } from '@baton/contracts';
import { Group, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPencil, IconPhoto, IconTrash } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ShownPictures } from '../images/shown-pictures.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { useConversation } from './conversation-context.ts';
import { DeleteMessageDialog } from './delete-message-dialog.tsx';
import { EditMessage } from './edit-message.tsx';
import classes from './messages.module.css';
import { ToolButton } from './tool-button.tsx';
import { Versions } from './versions.tsx';

export function UserMessage({ message }: { readonly message: Message }): JSX.Element {
  const { t } = useTranslation();
  const { compose, isBusy } = useConversation();
  const [isEditing, edit] = useDisclosure(false);
  const [isDeleting, remove] = useDisclosure(false);
  if (isEditing) {
    return (
      <article className={classes['editing']}>
        <VisuallyHidden>{t('chats.you')}</VisuallyHidden>
        <EditMessage message={message} onClose={edit.close} />
      </article>
    );
  }
  return (
    <article className={classes['mine']}>
      <div className={classes['user']}>
        <VisuallyHidden>{t('chats.you')}</VisuallyHidden>
        {message.kind === 'image' && (
          <span className={classes['asked-image']}>
            <IconPhoto size={14} aria-hidden />
            {t('composer.image')}
          </span>
        )}
        {message.attachments.length > 0 && (
          <ShownPictures
            pictures={message.attachments}
            chatId={message.chat_id}
            label={t('chat.pictures')}
            onCompose={compose}
            isBusy={isBusy}
          />
        )}
        {message.content}
      </div>
      {isFinalState(message.state) && (
        <Group gap={2} className={classes['under'] ?? ''}>
          <Versions message={message} />
          <CopyButton text={message.content} />
          {message.kind === 'text' && (
            <ToolButton
              label={t('chat.edit')}
              icon={<IconPencil size={16} aria-hidden />}
              onClick={edit.open}
            />
          )}
          <ToolButton
            label={t('chat.delete')}
            icon={<IconTrash size={16} aria-hidden />}
            onClick={remove.open}
          />
        </Group>
      )}
      <DeleteMessageDialog message={message} opened={isDeleting} onClose={remove.close} />
    </article>
  );
}
