import type { CardView } from '@baton/contracts';
import { Badge, Progress, Skeleton, Stack, Text, Title } from '@mantine/core';
import { lazy, Suspense, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatGib, formatMemory } from '../ui/bytes.ts';
import classes from './card-panel.module.css';
import { useCardHistory, useStowaways } from './gpu-queries.ts';
import { Panel } from '../ui/panel.tsx';

/** The chart's library is as large as the rest of the page, so it comes when the screen stands. */
const MemoryChart = lazy(() =>
  import('./memory-chart.tsx').then((module) => ({ default: module.MemoryChart })),
);

/** What the driver says of the card: its memory now and over time, and who else uses it. */
export function CardPanel({ card }: { readonly card: CardView | null }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Panel
      title={t('gpu_screen.card')}
      aside={
        card?.simulated === true && (
          <Badge size="sm" variant="outline" color="gray" tt="uppercase">
            {t('gpu.simulated')}
          </Badge>
        )
      }
    >
      {card === null ? (
        <Text size="sm" c="dimmed">
          {t('gpu_screen.card_unknown')}
        </Text>
      ) : (
        <Stack gap="sm" className={classes['memory'] ?? ''}>
          <MemoryNow card={card} />
          <MemoryOverTime />
          <Stowaways />
        </Stack>
      )}
    </Panel>
  );
}

function MemoryNow({ card }: { readonly card: CardView }): JSX.Element {
  const { t, i18n } = useTranslation();
  const total = Math.max(1, card.total_mib);
  const foreign = Math.min(card.used_mib, card.foreign_mib ?? 0);
  const parts = [
    { key: 'by_engines', mib: card.used_mib - foreign },
    ...(foreign === 0 ? [] : [{ key: 'foreign' as const, mib: foreign }]),
    { key: 'unused', mib: Math.max(0, card.total_mib - card.used_mib) },
  ] as const;
  return (
    <div>
      <Text size="sm" fw={600}>
        {card.name}
      </Text>
      <Text size="sm" className={classes['numbers'] ?? ''}>
        {t('gpu.memory')}: {formatMemory(card.used_mib, card.total_mib, i18n.language)}
      </Text>
      <Progress.Root size={12} my={6} aria-hidden>
        {parts.map(
          ({ key, mib }) =>
            key !== 'unused' && (
              <Progress.Section key={key} value={(mib / total) * 100} color={`var(--memory-${key})`} />
            ),
        )}
      </Progress.Root>
      <ul className={classes['legend']}>
        {parts.map(({ key, mib }) => (
          <li key={key} data-part={key}>
            {t(`gpu_screen.${key}`)} <b>{formatGib(mib, i18n.language)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Left out where the gateway does not tell it. */
function MemoryOverTime(): JSX.Element | null {
  const { t } = useTranslation();
  const history = useCardHistory();
  if (history.isError) return null;
  return (
    <div>
      <Title order={3} size="xs" c="dimmed" mb={6}>
        {t('gpu_screen.memory_over_time')}
      </Title>
      {history.data?.samples.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('gpu_screen.no_samples')}
        </Text>
      ) : (
        <div className={classes['chart']}>
          <Suspense fallback={<Skeleton h={176} />}>
            {history.data === undefined ? (
              <Skeleton h={176} />
            ) : (
              <MemoryChart samples={history.data.samples} />
            )}
          </Suspense>
        </div>
      )}
    </div>
  );
}

function Stowaways(): JSX.Element | null {
  const { t, i18n } = useTranslation();
  const stowaways = useStowaways().data?.stowaways ?? [];
  if (stowaways.length === 0) return null;
  return (
    <div>
      <Title order={3} size="xs" c="dimmed" mb={2}>
        {t('gpu_screen.stowaways')}
      </Title>
      <Text size="xs" c="dimmed" mb={4}>
        {t('gpu_screen.stowaways_hint')}
      </Text>
      <ul className={classes['stowaways']}>
        {stowaways.map(({ pid, name, used_mib: usedMib }) => (
          <li key={pid}>
            <span>{t('gpu_screen.stowaway', { name, pid })}</span>
            <b>{formatGib(usedMib, i18n.language)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
