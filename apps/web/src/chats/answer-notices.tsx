import type { MessageDetails, Routing } from '@baton/contracts';
import { Button, Group, Text } from '@mantine/core';
import { IconArrowRight, IconCut, IconRoute, IconScissors } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { JSX, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { sayBareCode } from '../i18n/i18n.ts';
import { isTaskType } from './task-types.ts';
import classes from './answer-notices.module.css';
import { useConversation } from './conversation-context.ts';
import { routingWorthSaying, type ShownReply } from './shown-reply.ts';

/** What somebody should know about how an answer came about, before they read it. */
export function NoticesBefore({ shown }: { readonly shown: ShownReply }): JSX.Element {
  const { t } = useTranslation();
  const routing = routingWorthSaying(shown);
  const { truncation, failures } = shown.details;
  return (
    <>
      {routing !== null && (
        <Notice icon={<IconRoute size={15} aria-hidden />}>{sayRouting(routing, t)}</Notice>
      )}
      {truncation !== undefined && truncation !== null && truncation.left_out > 0 && (
        <Notice icon={<IconCut size={15} aria-hidden />}>
          {t('chat.truncated', { count: truncation.left_out })}
        </Notice>
      )}
      {truncation?.is_question_long === true && (
        <Notice icon={<IconCut size={15} aria-hidden />}>
          {t('chat.question_long', { tokens: truncation.context_tokens })}
        </Notice>
      )}
      {failures !== undefined && failures !== null && failures.length > 0 && <Failures failures={failures} />}
    </>
  );
}

/** The answer came to the limit of its length; what is missing can be asked for. */
export function CutNotice({ isLast }: { readonly isLast: boolean }): JSX.Element {
  const { t } = useTranslation();
  const { say, isBusy, chat } = useConversation();
  return (
    <Notice icon={<IconScissors size={15} aria-hidden />}>
      <Group gap="xs">
        {t('chat.cut')}
        {isLast && chat.kind === 'chat' && (
          <Button
            size="compact-xs"
            variant="default"
            rightSection={<IconArrowRight size={14} aria-hidden />}
            disabled={isBusy}
            onClick={() => say(t('chat.continue_words'))}
          >
            {t('chat.continue')}
          </Button>
        )}
      </Group>
    </Notice>
  );
}

function Failures({ failures }: { readonly failures: NonNullable<MessageDetails['failures']> }): JSX.Element {
  const { t } = useTranslation();
  return (
    <div className={classes['failures']}>
      <Text size="xs">{t('chat.failures')}</Text>
      <ul>
        {failures.map(({ code, instance }, index) => (
          <li key={index}>
            {instance === null
              ? sayBareCode(code)
              : t('chat.failure', { sentence: sayBareCode(code), server: instance })}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Notice({ icon, children }: { readonly icon: ReactNode; readonly children: ReactNode }): JSX.Element {
  return (
    <div className={classes['notice']}>
      {icon}
      <Text size="xs" component="div">
        {children}
      </Text>
    </div>
  );
}

function sayRouting({ asked, answered, because }: Routing, t: TFunction): string {
  return t(`chat.routed.${because}`, {
    asked: isTaskType(asked) ? t(`chat.task.${asked}`) : asked,
    answered,
  });
}
