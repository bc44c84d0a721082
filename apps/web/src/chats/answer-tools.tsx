import type { Message } from '@baton/contracts';
import { Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPencil, IconRefresh, IconTrash } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import type { Regenerate } from '@baton/api-client';
import { CopyButton } from '../ui/copy-button.tsx';
import { AgainMenu } from './again-menu.tsx';
import { DeleteMessageDialog } from './delete-message-dialog.tsx';
import { MessageDetails } from './message-details.tsx';
import classes from './messages.module.css';
import { Rating } from './rating.tsx';
import type { ShownReply } from './shown-reply.ts';
import { Timeline } from './timeline.tsx';
import { ToolButton } from './tool-button.tsx';
import { Versions } from './versions.tsx';

interface AnswerToolsProps {
  readonly message: Message;
  readonly shown: ShownReply;
  /** Null while nothing can be asked. */
  readonly onAgain: ((wish: Regenerate) => void) | null;
  readonly isAgainPending: boolean;
  readonly onEdit: (() => void) | null;
}

/** What can be done with a finished answer, and where its time went. */
export function AnswerTools({
  message,
  shown,
  onAgain,
  isAgainPending,
  onEdit,
}: AnswerToolsProps): JSX.Element {
  const { t } = useTranslation();
  const [isDeleting, remove] = useDisclosure(false);
  const isWords = message.kind === 'text';
  return (
    <>
      <Group gap={2} className={classes['foot'] ?? ''}>
        <Versions message={message} />
        {shown.text !== '' && <CopyButton text={shown.text} />}
        {onAgain !== null && (
          <Group gap={0} wrap="nowrap">
            {shown.state === 'done' && (
              <ToolButton
                label={t('reply.answer_anew')}
                icon={<IconRefresh size={16} aria-hidden />}
                isLoading={isAgainPending}
                onClick={() => onAgain({})}
              />
            )}
            <AgainMenu message={message} onAgain={onAgain} isDisabled={isAgainPending} />
          </Group>
        )}
        {isWords && shown.state === 'done' && <Rating message={message} />}
        {onEdit !== null && (
          <ToolButton label={t('chat.edit')} icon={<IconPencil size={16} aria-hidden />} onClick={onEdit} />
        )}
        <ToolButton
          label={t('chat.delete')}
          icon={<IconTrash size={16} aria-hidden />}
          onClick={remove.open}
        />
        {isWords && <MessageDetails message={message} shown={shown} />}
        {shown.timeline.length > 0 && (
          <Timeline entries={shown.timeline} usage={shown.usage} elapsedMs={elapsedOf(message)} />
        )}
      </Group>
      {onAgain !== null && shown.details.engine === 'local' && (
        <Button
          size="xs"
          mt={4}
          variant="default"
          leftSection={<IconRefresh size={15} aria-hidden />}
          loading={isAgainPending}
          onClick={() => onAgain({ engine: 'gpu' })}
        >
          {t('chat.again_gpu')}
        </Button>
      )}
      <DeleteMessageDialog message={message} opened={isDeleting} onClose={remove.close} />
    </>
  );
}

function elapsedOf({ created_at: createdAt, finished_at: finishedAt }: Message): number | null {
  return finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(createdAt);
}
