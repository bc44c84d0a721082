import type { GpuStatus, QueueView, SwapRecord } from '@baton/contracts';
import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconPlayerStop } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { useStopAll } from '../chats/message-queries.ts';
import { formatDuration } from '../ui/duration.ts';
import { showAccepted } from '../ui/show-accepted.ts';
import { showError } from '../ui/show-error.ts';
import { ENGINE_NAMES, inOrder } from './baton-place.ts';
import { EngineStateBadge } from './engine-state-badge.tsx';
import { QueueList } from './queue-list.tsx';
import { sayLane, saySwapEngines } from './swap-words.ts';

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
        <QueueList queue={queue} />
        {queue?.entries.some(({ mine }) => mine) === true && <StopMine />}
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

/** Whatever runs or waits for this person, in one press. */
function StopMine(): JSX.Element {
  const { t } = useTranslation();
  const stop = useStopAll();
  return (
    <Button
      size="xs"
      mt="xs"
      variant="default"
      leftSection={<IconPlayerStop size={15} aria-hidden />}
      loading={stop.isPending}
      onClick={() =>
        stop.mutate(null, {
          onSuccess: ({ stopped }) => showAccepted(t('chat.stopped', { count: stopped.length })),
          onError: showError,
        })
      }
    >
      {t('chat.stop_all')}
    </Button>
  );
}

function Heading({ text }: { readonly text: string }): JSX.Element {
  return (
    <Title order={2} size="xs" c="dimmed" mb={6}>
      {text}
    </Title>
  );
}

function Engines({ status }: { readonly status: GpuStatus }): JSX.Element {
  return (
    <Stack gap={8}>
      {inOrder(status.engines).map(({ engine, state, loaded_models: loaded }) => (
        <Group key={engine} gap="xs" wrap="nowrap" align="baseline">
          <Text size="sm" fw={600}>
            {ENGINE_NAMES[engine]}
          </Text>
          <Text size="xs" c="dimmed" flex={1} truncate>
            {loaded.join(', ')}
          </Text>
          <EngineStateBadge state={state} />
        </Group>
      ))}
    </Stack>
  );
}

function LastSwap({ swap }: { readonly swap: SwapRecord }): JSX.Element {
  const { t, i18n } = useTranslation();
  const engines = saySwapEngines(swap, t);
  return (
    <>
      <Text size="sm">
        {sayLane(swap.from, t)} → {sayLane(swap.to, t)}, {formatDuration(swap.total_ms, i18n.language)}
      </Text>
      <Text size="xs" c="dimmed">
        {swap.phases
          .map(({ phase, ms }) => `${t(`phase.${phase}`)} ${formatDuration(ms, i18n.language)}`)
          .join(' · ')}
      </Text>
      {engines !== null && (
        <Text size="xs" fw={600}>
          {engines}
        </Text>
      )}
    </>
  );
}
