import type { GpuStatus } from '@baton/contracts';
import {
  Badge,
  Popover,
  Progress,
  Skeleton,
  Text,
  Tooltip,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import { IconChevronDown, IconFlask, IconUsers } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { formatDuration } from '../ui/duration.ts';
import { formatMemory } from '../ui/bytes.ts';
import { useNow } from '../ui/use-now.ts';
import { BatonTrack } from './baton-track.tsx';
import { GpuDetails } from './gpu-details.tsx';
import { useGpu, type SeenGpu } from './gpu-feed.ts';
import classes from './gpu-strip.module.css';
import { sayGpu } from './gpu-words.ts';

/** Always on screen: who has the GPU, how full the card is, who waits, and the hand-over while it happens. */
export function GpuStrip(): JSX.Element {
  const { t } = useTranslation();
  const seen = useGpu();
  if (seen === null) {
    return (
      <section className={classes['strip']} aria-label={t('gpu.status')} aria-busy>
        <Skeleton h={34} w={190} radius="xl" />
        <Text size="sm" c="dimmed" visibleFrom="xs">
          {t('gpu.connecting')}
        </Text>
      </section>
    );
  }
  const { status } = seen;
  return (
    <section className={classes['strip']} aria-label={t('gpu.status')}>
      <BatonTrack status={status} />
      <div
        className={classes['words']}
        data-said-by-track={(status.holder !== null && status.swap === null) || undefined}
      >
        <Text size="sm" fw={600} className={classes['now'] ?? ''}>
          {sayGpu(status, t)}
          {status.swap !== null && <SwapClock seen={seen} />}
        </Text>
        <Detail status={status} />
      </div>
      <div className={classes['right']}>
        {isSimulated(status) && <SimulatedBadge />}
        <Memory status={status} />
        <Waiting seen={seen} />
      </div>
    </section>
  );
}

function isSimulated(status: GpuStatus): boolean {
  return status.card?.simulated === true || status.engines.some(({ simulated }) => simulated);
}

/** The step of the hand-over while there is one, the name of the card otherwise. */
function Detail({ status }: { readonly status: GpuStatus }): JSX.Element | null {
  const { t } = useTranslation();
  if (status.swap === null && status.card === null) return null;
  return (
    <Text
      size="xs"
      c="dimmed"
      truncate
      className={classes['detail'] ?? ''}
      data-essential={status.swap !== null || undefined}
    >
      {status.swap === null ? status.card?.name : t(`phase.${status.swap.phase}`)}
    </Text>
  );
}

function SwapClock({ seen }: { readonly seen: SeenGpu }): JSX.Element | null {
  const { i18n } = useTranslation();
  const now = useNow();
  if (seen.status.swap === null) return null;
  const ms = Math.max(0, now + seen.clockAheadMs - seen.status.swap.started_at_ms);
  return (
    <span className={classes['clock']}>{formatDuration(Math.floor(ms / 1_000) * 1_000, i18n.language)}</span>
  );
}

function SimulatedBadge(): JSX.Element {
  const { t } = useTranslation();
  return (
    <Tooltip
      label={t('gpu.simulated_hint')}
      multiline
      w={260}
      events={{ hover: true, focus: true, touch: true }}
    >
      <Badge
        className={classes['simulated'] ?? ''}
        variant="outline"
        color="gray"
        leftSection={<IconFlask size={13} aria-hidden />}
        tabIndex={0}
      >
        <span className={classes['simulated-text']}>{t('gpu.simulated')}</span>
      </Badge>
    </Tooltip>
  );
}

function Memory({ status }: { readonly status: GpuStatus }): JSX.Element {
  const { t, i18n } = useTranslation();
  const { card } = status;
  if (card === null || card.total_mib === 0) {
    return (
      <div className={classes['memory']}>
        <Text size="xs" c="dimmed" className={classes['memory-words'] ?? ''}>
          {t('gpu.memory_unknown')}
        </Text>
      </div>
    );
  }
  const share = (card.used_mib / card.total_mib) * 100;
  const words = formatMemory(card.used_mib, card.total_mib, i18n.language);
  return (
    <div className={classes['memory']}>
      <Text size="xs" c="dimmed" className={classes['memory-words'] ?? ''}>
        {words}
      </Text>
      <Progress.Root size={6} radius="xl" transitionDuration={400}>
        <Progress.Section
          value={share}
          color={share > 92 ? 'red' : 'indigo'}
          aria-label={t('gpu.memory')}
          aria-valuetext={words}
        />
      </Progress.Root>
    </div>
  );
}

/** The best place of this user's own waiting requests; null when none waits. */
function ownPlace(queue: SeenGpu['queue']): number | null {
  const places = queue?.entries.flatMap((entry) =>
    entry.mine && !entry.running && entry.position !== null ? [entry.position] : [],
  );
  return places === undefined || places.length === 0 ? null : Math.min(...places);
}

function Waiting({ seen }: { readonly seen: SeenGpu }): JSX.Element {
  const { t } = useTranslation();
  const { status, queue } = seen;
  const mine = ownPlace(queue);
  const words = status.waiting === 0 ? t('gpu.waiting_none') : t('gpu.waiting', { count: status.waiting });
  const place = mine === null ? null : t('gpu.your_place', { position: mine });
  return (
    <Popover position="bottom-end" width="min(94vw, 25rem)" shadow="lg" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <UnstyledButton className={classes['waiting'] ?? ''} data-mine={mine !== null || undefined}>
          <IconUsers size={16} aria-hidden />
          <VisuallyHidden>{t('gpu.details')}: </VisuallyHidden>
          <span className={classes['count']} aria-hidden>
            {status.waiting}
          </span>
          <span className={classes['waiting-words']}>
            <span>{words}</span> {place !== null && <strong>{place}</strong>}
          </span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p="md">
        <GpuDetails status={status} queue={queue} />
      </Popover.Dropdown>
    </Popover>
  );
}
