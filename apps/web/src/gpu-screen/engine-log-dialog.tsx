import type { EngineName } from '@baton/contracts';
import { Modal, Skeleton, Stack, Text } from '@mantine/core';
import { useEffect, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useStickToEnd } from '../ui/use-stick-to-end.ts';
import classes from './engine-log-dialog.module.css';
import { useEngineLogs } from './gpu-queries.ts';
import { formatClock } from './moments.ts';

interface EngineLogDialogProps {
  readonly engine: EngineName;
  readonly onClose: () => void;
}

/** The last lines that an engine printed, and what it prints while the dialog is open. */
export function EngineLogDialog({ engine, onClose }: EngineLogDialogProps): JSX.Element {
  const { t } = useTranslation();
  const logs = useEngineLogs(engine);
  const label = t('gpu_screen.log_of', { engine: ENGINE_NAMES[engine] });
  return (
    <Modal
      opened
      onClose={onClose}
      title={label}
      size="min(70rem, 96vw)"
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('gpu_screen.log_hint')}
        </Text>
        {logs.isError && <ErrorNotice error={logs.error} onRetry={() => void logs.refetch()} />}
        {logs.isPending && <Skeleton h={240} aria-label={t('app.loading')} />}
        {logs.data?.lines.length === 0 && <Text size="sm">{t('gpu_screen.log_empty')}</Text>}
        {logs.data !== undefined && logs.data.lines.length > 0 && (
          <Lines lines={logs.data.lines} label={label} />
        )}
      </Stack>
    </Modal>
  );
}

interface LinesProps {
  readonly lines: readonly { readonly at_ms: number; readonly text: string }[];
  readonly label: string;
}

function Lines({ lines, label }: LinesProps): JSX.Element {
  const { i18n } = useTranslation();
  const end = useStickToEnd(null);
  useEffect(end.onGrow);
  return (
    <div
      className={classes['lines']}
      ref={end.scroller}
      onScroll={end.onScroll}
      role="region"
      aria-label={label}
      tabIndex={0}
    >
      {lines.map(({ at_ms: atMs, text }, index) => (
        <div key={index} className={classes['line']}>
          <time dateTime={new Date(atMs).toISOString()}>{formatClock(atMs, i18n.language)}</time>
          <span>{text}</span>
        </div>
      ))}
    </div>
  );
}
