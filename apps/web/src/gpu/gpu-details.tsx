import type { GpuStatus, QueueView, SwapRecord } from '@baton/contracts';
import { Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { formatBand, formatDuration } from '../ui/duration.ts';
import { ENGINE_NAMES } from './baton-place.ts';
import classes from './gpu-details.module.css';

interface GpuDetailsProps {
  readonly status: GpuStatus;
  readonly queue: QueueView | null;
}

export function GpuDetails({ status, queue }: GpuDetailsProps): JSX.Element {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      <div>
        <Heading text={t('gpu.queue')} />
        {queue === null || queue.entries.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t('gpu.queue_empty')}
          </Text>
        ) : (
          <ol className={classes['list']}>
            {queue.entries.map((entry, index) => (
              <QueueEntry key={entry.message_id ?? `other-${index}`} entry={entry} />
            ))}
          </ol>
        )}
      </div>
      {status.engines.length > 0 && (
        <div>
          <Heading text={t('gpu.engines')} />
          <Engines status={status} />
        </div>
      )}
      {status.last_swap !== null && (
        <div>
          <Heading text={t('gpu.last_swap')} />
          <LastSwap swap={status.last_swap} />
        </div>
      )}
    </Stack>
  );
}

function Heading({ text }: { readonly text: string }): JSX.Element {
  return (
    <Title order={2} size="xs" c="dimmed" mb={6}>
      {text}
    </Title>
  );
}

function QueueEntry({ entry }: { readonly entry: QueueView['entries'][number] }): JSX.Element {
  const { t, i18n } = useTranslation();
  const band = formatBand(entry.eta_p50_ms, entry.eta_p90_ms, i18n.language);
  const kind = t(`gpu.kind.${entry.kind}`);
  return (
    <li className={classes['entry']} data-mine={entry.mine || undefined}>
      <span className={classes['place']}>{entry.running ? '▶' : (entry.position ?? '·')}</span>
      <div className={classes['what']}>
        <Text size="sm" fw={entry.mine ? 600 : 400}>
          {entry.chat_id === null ? (
            kind
          ) : (
            <Anchor component={Link} href={`/chats/${entry.chat_id}`} inherit>
              {kind}
            </Anchor>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {t(entry.mine ? 'gpu.mine' : 'gpu.others')}
        </Text>
      </div>
      <Text size="xs" c="dimmed">
        {entry.running ? t('gpu.running') : band === null ? '' : t('reply.eta', { band })}
      </Text>
    </li>
  );
}

function Engines({ status }: { readonly status: GpuStatus }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Stack gap={8}>
      {status.engines.map(({ engine, state, loaded_models: loaded }) => (
        <Group key={engine} gap="xs" wrap="nowrap" align="baseline">
          <Text size="sm" fw={600}>
            {ENGINE_NAMES[engine]}
          </Text>
          <Text size="xs" c="dimmed" flex={1} truncate>
            {loaded.join(', ')}
          </Text>
          <Badge size="sm" variant="light" tt="none" color={STATE_COLOURS[state]}>
            {t(`gpu.engine_state.${state}`)}
          </Badge>
        </Group>
      ))}
    </Stack>
  );
}

const STATE_COLOURS: Readonly<Record<GpuStatus['engines'][number]['state'], string>> = {
  stopped: 'gray',
  starting: 'yellow',
  ready: 'teal',
  stopping: 'yellow',
  failed: 'red',
  unreachable: 'red',
};

function LastSwap({ swap }: { readonly swap: SwapRecord }): JSX.Element {
  const { t, i18n } = useTranslation();
  const name = (label: SwapRecord['from']): string =>
    label === null ? t('gpu.nobody') : (label.model ?? ENGINE_NAMES[label.engine]);
  return (
    <>
      <Text size="sm">
        {name(swap.from)} → {name(swap.to)}, {formatDuration(swap.total_ms, i18n.language)}
      </Text>
      <Text size="xs" c="dimmed">
        {swap.phases
          .map(({ phase, ms }) => `${t(`phase.${phase}`)} ${formatDuration(ms, i18n.language)}`)
          .join(' · ')}
      </Text>
    </>
  );
}
