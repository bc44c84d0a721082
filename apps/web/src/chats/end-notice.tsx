import { Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { sayAdvice, sayCode } from '../i18n/i18n.ts';
import classes from './end-notice.module.css';
import { formatDuration, formatStep } from '../ui/duration.ts';
import type { ShownReply } from './shown-reply.ts';

interface EndNoticeProps {
  readonly shown: ShownReply;
  readonly onAgain: (() => void) | null;
  readonly isAgainPending: boolean;
}

/** How an answer ended that is not complete, and the way to ask again. */
export function EndNotice({ shown, onAgain, isAgainPending }: EndNoticeProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const hasFailed = shown.state === 'failed';
  const Icon = hasFailed ? IconAlertTriangle : IconPlayerStop;
  const sentence = hasFailed
    ? sayCode(shown.error?.code ?? null, shown.error?.say ?? t('reply.failed'))
    : t('reply.cancelled');
  const advice = hasFailed ? sayAdvice(shown.error?.code ?? null) : null;
  const receipt = sayReceipt(shown, i18n.language, t);
  return (
    <Group className={classes['notice'] ?? ''} data-failed={hasFailed || undefined} gap="sm">
      <Icon size={18} aria-hidden />
      <div className={classes['words']}>
        <Text size="sm">{sentence}</Text>
        {advice !== null && <Text size="sm">{advice}</Text>}
        {receipt !== null && <Text size="xs">{receipt}</Text>}
      </div>
      {onAgain !== null && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconRefresh size={15} aria-hidden />}
          loading={isAgainPending}
          onClick={onAgain}
        >
          {t('reply.again')}
        </Button>
      )}
    </Group>
  );
}

/** How soon the engine was idle after Stop, and what that gave back to the others; null where nobody measured it. */
function sayReceipt({ details }: ShownReply, language: string, t: TFunction): string | null {
  const { receipt } = details;
  if (receipt === undefined || receipt === null) return null;
  const idle = t('chat.receipt', { time: formatStep(receipt.idle_ms, language) });
  const { returned_ms: returnedMs } = receipt;
  if (returnedMs === null || returnedMs < 1_000) return idle;
  return `${idle} ${t('chat.returned', { time: formatDuration(returnedMs, language) })}`;
}
