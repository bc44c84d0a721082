import { isFinalState, type Message } from '@baton/contracts';
import { ActionIcon, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconArrowDown, IconPhoto } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useStickToEnd } from '../ui/use-stick-to-end.ts';
import { AssistantMessage } from './assistant-message.tsx';
import classes from './messages.module.css';

interface MessagesProps {
  readonly messages: readonly Message[];
  readonly onAgain: (message: Message) => void;
  readonly isAgainPending: boolean;
}

export function Messages({ messages, onAgain, isAgainPending }: MessagesProps): JSX.Element {
  const { t } = useTranslation();
  const end = useStickToEnd(messages.at(-1)?.id ?? null);
  const last = messages.at(-1);
  return (
    <div className={classes['frame']}>
      <div
        className={classes['scroll']}
        ref={end.scroller}
        onScroll={end.onScroll}
        role="region"
        aria-label={t('chats.conversation')}
        tabIndex={0}
      >
        <div className={classes['column']}>
          {messages.length === 0 && (
            <Text c="dimmed" ta="center" py="xl">
              {t('chats.empty')}
            </Text>
          )}
          {messages.map((message) =>
            message.role === 'user' ? (
              <UserMessage key={message.id} message={message} />
            ) : (
              <AssistantMessage
                key={message.id}
                message={message}
                onAgain={message === last && isFinalState(message.state) ? () => onAgain(message) : null}
                isAgainPending={isAgainPending}
                onGrow={end.onGrow}
              />
            ),
          )}
        </div>
      </div>
      {!end.isAtEnd && (
        <Tooltip label={t('chats.latest')}>
          <ActionIcon
            className={classes['latest'] ?? ''}
            variant="default"
            size="lg"
            radius="xl"
            aria-label={t('chats.latest')}
            onClick={end.goToEnd}
          >
            <IconArrowDown size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}

function UserMessage({ message }: { readonly message: Message }): JSX.Element {
  const { t } = useTranslation();
  return (
    <article className={classes['user']}>
      <VisuallyHidden>{t('chats.you')}</VisuallyHidden>
      {message.kind === 'image' && (
        <span className={classes['asked-image']}>
          <IconPhoto size={14} aria-hidden />
          {t('composer.image')}
        </span>
      )}
      {message.content}
    </article>
  );
}
