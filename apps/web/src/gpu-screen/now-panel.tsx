import { Skeleton, Stack, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import type { SeenGpu } from '../gpu/gpu-feed.ts';
import { sayGpu } from '../gpu/gpu-words.ts';
import { QueueList } from '../gpu/queue-list.tsx';
import { SwapSteps } from '../gpu/swap-steps.tsx';
import { sayWholeLane } from '../gpu/swap-words.ts';
import { formatDuration } from '../ui/duration.ts';
import { useNow } from '../ui/use-now.ts';
import classes from './now-panel.module.css';
import { Panel } from '../ui/panel.tsx';

/** Who has the GPU, since when, and everybody in the queue. */
export function NowPanel({ seen }: { readonly seen: SeenGpu | null }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Panel title={t('gpu_screen.now')}>
      {seen === null ? (
        <Skeleton h={60} />
      ) : (
        <Stack gap="sm">
          <div>
            <Text fw={600}>{sayGpu(seen.status, t)}</Text>
            <Holder seen={seen} />
            <Text size="sm" c="dimmed">
              {t('gpu_screen.counts', { running: seen.status.running, waiting: seen.status.waiting })}
            </Text>
          </div>
          <div className={classes['queue']}>
            <QueueList queue={seen.queue} />
          </div>
        </Stack>
      )}
    </Panel>
  );
}

function Holder({ seen }: { readonly seen: SeenGpu }): JSX.Element | null {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const { holder, holder_since_ms: sinceMs, swap } = seen.status;
  if (swap !== null) {
    return (
      <>
        <Text size="sm">
          {sayWholeLane(swap.from, t)} → {sayWholeLane(swap.to, t)}
        </Text>
        <SwapSteps phase={swap.phase} />
      </>
    );
  }
  if (holder === null) return null;
  const lane = sayWholeLane(holder, t);
  if (sinceMs === null) return <Text size="sm">{lane}</Text>;
  const ms = Math.max(0, Math.floor((now + seen.clockAheadMs - sinceMs) / 1_000) * 1_000);
  const time = formatDuration(ms, i18n.language);
  return <Text size="sm">{t('gpu_screen.holder_since', { lane, time })}</Text>;
}
