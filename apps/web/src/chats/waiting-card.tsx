import type { Message } from '@baton/contracts';
import { Group, Loader, Text } from '@mantine/core';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { ENGINE_NAMES } from '../gpu/baton-place.ts';
import { SwapSteps } from '../gpu/swap-steps.tsx';
import { formatBand, formatDuration } from '../ui/duration.ts';
import { useNow } from '../ui/use-now.ts';
import { sayReason, sayState } from './reply-words.ts';
import type { ShownReply } from './shown-reply.ts';
import classes from './waiting-card.module.css';

interface WaitingCardProps {
  readonly shown: ShownReply;
  readonly kind: Message['kind'];
  readonly createdAt: string;
}

/** What happens to a request that has no answer yet: place, reason, estimate, and the hand-over step by step. */
export function WaitingCard({ shown, kind, createdAt }: WaitingCardProps): JSX.Element {
  const { t } = useTranslation();
  const reason = sayReason(shown.wait, t);
  return (
    <div className={classes['card']} data-state={shown.state}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <Loader
          size={18}
          color="var(--engine)"
          type={shown.state === 'queued' ? 'dots' : 'oval'}
          mt={3}
          aria-hidden
        />
        <div className={classes['words']}>
          <Text fw={600}>{sayState(shown, kind, t)}</Text>
          {reason !== null && <Text size="sm">{reason}</Text>}
          {shown.swap !== null && <Way swap={shown.swap} />}
          <Times shown={shown} createdAt={createdAt} />
        </div>
      </Group>
      {shown.swap !== null && <SwapSteps phase={shown.swap.phase} />}
    </div>
  );
}

function Way({ swap }: { readonly swap: NonNullable<ShownReply['swap']> }): JSX.Element {
  const { t } = useTranslation();
  const name = (label: typeof swap.from): string =>
    label === null ? t('gpu.nobody') : [ENGINE_NAMES[label.engine], label.model].filter(Boolean).join(' ');
  return (
    <Text size="sm">
      {name(swap.from)} → {name(swap.to)}
    </Text>
  );
}

function Times({ shown, createdAt }: Pick<WaitingCardProps, 'shown' | 'createdAt'>): JSX.Element {
  const { t, i18n } = useTranslation();
  const now = useNow();
  // The clocks of the browser and the gateway may differ by a little; below zero would look silly.
  const ms = Math.max(0, Math.floor((now - Date.parse(createdAt)) / 1_000) * 1_000);
  const time = formatDuration(ms, i18n.language);
  const isAtWork = shown.state === 'prompting' || shown.state === 'rendering';
  const band =
    shown.wait === null ? null : formatBand(shown.wait.etaP50Ms, shown.wait.etaP90Ms, i18n.language);
  const eta = shown.wait === null ? null : band === null ? t('reply.eta_unknown') : t('reply.eta', { band });
  return (
    <Text size="sm" c="dimmed" className={classes['times'] ?? ''}>
      {[eta, t(isAtWork ? 'reply.working_for' : 'reply.waiting_for', { time })].filter(Boolean).join(' · ')}
    </Text>
  );
}
