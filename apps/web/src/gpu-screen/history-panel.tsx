import { Button, Center, Skeleton, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import type { SeenGpu } from '../gpu/gpu-feed.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { useNow } from '../ui/use-now.ts';
import { useGpuHistory } from './gpu-queries.ts';
import classes from './history-panel.module.css';
import { Panel } from '../ui/panel.tsx';
import { Visit } from './visit.tsx';
import { visitKey } from './visit-facts.ts';

interface HistoryPanelProps {
  readonly seen: SeenGpu | null;
  readonly userId: number;
}

/** The visits, newest first, each with its hand-over and the requests that were served in it. */
export function HistoryPanel({ seen, userId }: HistoryPanelProps): JSX.Element {
  const { t } = useTranslation();
  const history = useGpuHistory(seen);
  const nowMs = useNow() + (seen?.clockAheadMs ?? 0);
  const visits = history.data?.pages.flatMap((page) => page.visits) ?? [];
  return (
    <Panel title={t('gpu_screen.history')} hint={t('gpu_screen.history_hint')}>
      {history.isPending && (
        <Stack gap="xs" aria-busy aria-label={t('app.loading')} role="status">
          <Skeleton h={44} />
          <Skeleton h={44} />
          <Skeleton h={44} />
        </Stack>
      )}
      {history.isError && <ErrorNotice error={history.error} onRetry={() => void history.refetch()} />}
      {history.isSuccess && visits.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('gpu_screen.history_empty')}
        </Text>
      )}
      {visits.length > 0 && (
        <>
          <Heads />
          <ol className={classes['visits']} aria-label={t('gpu_screen.history')}>
            {visits.map((visit) => (
              <Visit key={visitKey(visit)} visit={visit} nowMs={nowMs} userId={userId} />
            ))}
          </ol>
        </>
      )}
      {history.hasNextPage && (
        <Center mt="sm">
          <Button
            variant="default"
            size="xs"
            loading={history.isFetchingNextPage}
            onClick={() => void history.fetchNextPage()}
          >
            {t('gpu_screen.older')}
          </Button>
        </Center>
      )}
    </Panel>
  );
}

const COLUMNS = ['when', 'lane', 'why', 'swap', 'memory', 'requests'] as const;

/** Each visit names its parts to a screen reader, so the heads are for eyes only. */
function Heads(): JSX.Element {
  const { t } = useTranslation();
  return (
    <div className={classes['heads']} aria-hidden>
      <span />
      {COLUMNS.map((column) => (
        <span key={column}>{t(`gpu_screen.${column}`)}</span>
      ))}
    </div>
  );
}
