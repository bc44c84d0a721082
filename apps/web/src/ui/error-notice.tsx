import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { RequestFailed } from '../api/request-failed.ts';
import { sayAdvice, sayError } from '../i18n/i18n.ts';
import classes from './error-notice.module.css';

interface ErrorNoticeProps {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}

/** What went wrong in one sentence, the number to quote, and a way to try again where there is one. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps): JSX.Element {
  const { t } = useTranslation();
  const reference =
    error instanceof RequestFailed && error.status >= 500 ? error.problem?.correlation_id : undefined;
  const advice = error instanceof RequestFailed ? sayAdvice(error.code) : null;
  return (
    <Alert
      classNames={{ root: classes['notice'] ?? '', icon: classes['icon'] ?? '' }}
      icon={<IconAlertTriangle aria-hidden />}
      role="alert"
    >
      <Group justify="space-between" gap="xs">
        <div>
          <Text size="sm">{sayError(error)}</Text>
          {advice !== null && <Text size="sm">{advice}</Text>}
          {reference !== undefined && (
            <Text size="xs" c="dimmed">
              {t('app.reference', { id: reference })}
            </Text>
          )}
        </div>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t('app.retry')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
