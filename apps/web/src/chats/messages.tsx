import type { Chat, Message } from '@baton/contracts';
import { ActionIcon, Button, Text, Tooltip } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useRef, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useKeepPlace } from '../ui/use-keep-place.ts';
import { useStickToEnd } from '../ui/use-stick-to-end.ts';
import { AssistantMessage } from './assistant-message.tsx';
import { ConversationContext, type Conversation } from './conversation-context.ts';
import classes from './messages.module.css';
import { UserMessage } from './user-message.tsx';

interface MessagesProps extends Pick<Conversation, 'isBusy' | 'say' | 'drawAgain' | 'compose'> {
  readonly chat: Chat;
  readonly messages: readonly Message[];
  /** Reads the messages before these; null at the beginning of the chat. */
  readonly onOlder: (() => void) | null;
  readonly isReadingOlder: boolean;
}

export function Messages(props: MessagesProps): JSX.Element {
  const { t } = useTranslation();
  const { chat, messages, isBusy, say, drawAgain, compose, onOlder, isReadingOlder } = props;
  const last = messages.at(-1);
  const end = useStickToEnd(last?.id ?? null);
  const { hold, onGrow, scroller } = end;
  const column = useRef<HTMLDivElement>(null);
  const find = useCallback(
    (key: string | number) => column.current?.querySelector<HTMLElement>(`[data-message="${key}"]`) ?? null,
    [],
  );
  useKeepPlace(scroller, messages[0]?.id ?? null, find);
  const conversation = useMemo(
    () => ({ chat, isBusy, hold, onGrow, say, drawAgain, compose }),
    [chat, isBusy, hold, onGrow, say, drawAgain, compose],
  );
  return (
    <div className={classes['frame']}>
      <div
        className={classes['scroll']}
        ref={scroller}
        onScroll={end.onScroll}
        role="region"
        aria-label={t('chats.conversation')}
        tabIndex={0}
      >
        <div className={classes['column']} ref={column}>
          {onOlder !== null && <Older onOlder={onOlder} isReading={isReadingOlder} />}
          {messages.length === 0 && (
            <Text c="dimmed" ta="center" py="xl">
              {t('chats.empty')}
            </Text>
          )}
          <ConversationContext value={conversation}>
            {messages.map((message) => (
              <div key={message.id} data-message={message.id} className={classes['one']}>
                {message.role === 'user' ? (
                  <UserMessage message={message} />
                ) : (
                  <AssistantMessage message={message} isLast={message === last} />
                )}
              </div>
            ))}
          </ConversationContext>
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

interface OlderProps {
  readonly onOlder: () => void;
  readonly isReading: boolean;
}

/** Earlier messages come by themselves when somebody scrolls up to here; the button is for whoever does not scroll. */
function Older({ onOlder, isReading }: OlderProps): JSX.Element {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current === null || isReading) return undefined;
    const watch = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting === true) onOlder();
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [onOlder, isReading]);
  return (
    <div ref={place} className={classes['older']}>
      <Button
        size="xs"
        variant="subtle"
        color="gray"
        loading={isReading}
        leftSection={<IconArrowUp size={15} aria-hidden />}
        onClick={onOlder}
      >
        {t('chat.older')}
      </Button>
    </div>
  );
}
