import type { Message } from '@baton/contracts';
import { Button, Group, Loader, Text, Tooltip } from '@mantine/core';
import { IconCpu } from '@tabler/icons-react';
import { useEffect, type JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { SwapSteps } from '../gpu/swap-steps.tsx';
import { sayWholeLane } from '../gpu/swap-words.ts';
import { sayEta, sayReason } from '../gpu/waiting-words.ts';
import { useHasCpuEngine } from '../models/server-queries.ts';
import { formatDuration } from '../ui/duration.ts';
import { showError } from '../ui/show-error.ts';
import { useNow } from '../ui/use-now.ts';
import { useConversation } from './conversation-context.ts';
import { useAnswerNow } from './message-queries.ts';
import { sayState } from './reply-words.ts';
import type { ShownReply } from './shown-reply.ts';
import classes from './waiting-card.module.css';

interface WaitingCardProps {
  readonly shown: ShownReply;
  readonly message: Message;
}

/** What happens to a request that has no answer yet: place, reason, estimate, and the hand-over step by step. */
export function WaitingCard({ shown, message }: WaitingCardProps): JSX.Element {
  const { t } = useTranslation();
  const reason = shown.wait === null ? null : sayReason(shown.wait.reason, t);
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
          <Text fw={600}>{sayState(shown, message.kind, t)}</Text>
          {reason !== null && <Text size="sm">{reason}</Text>}
          {shown.swap !== null && <Way swap={shown.swap} />}
          <Times shown={shown} createdAt={message.created_at} />
        </div>
      </Group>
      {shown.swap !== null && <SwapSteps phase={shown.swap.phase} />}
      {message.kind === 'text' && isWaitingForGpu(shown) && <AnswerNow message={message} />}
    </div>
  );
}

function isWaitingForGpu({ state }: ShownReply): boolean {
  return state === 'queued' || state === 'swapping' || state === 'loading';
}

/** A way out for whoever would rather have a smaller answer at once. */
function AnswerNow({ message }: { readonly message: Message }): JSX.Element | null {
  const { t } = useTranslation();
  const hasCpu = useHasCpuEngine();
  const answer = useAnswerNow();
  const { onGrow } = useConversation();
  useEffect(onGrow);
  if (!hasCpu) return null;
  return (
    <Tooltip label={t('chat.answer_now_hint')} multiline maw={280}>
      <Button
        size="xs"
        mt="sm"
        variant="default"
        leftSection={<IconCpu size={15} aria-hidden />}
        // It stays pressed until the log says that the CPU is at work, so that nobody presses it twice.
        loading={answer.isPending || answer.isSuccess}
        onClick={() => answer.mutate(message, { onError: showError })}
      >
        {t('chat.answer_now')}
      </Button>
    </Tooltip>
  );
}

function Way({ swap }: { readonly swap: NonNullable<ShownReply['swap']> }): JSX.Element {
  const { t } = useTranslation();
  return (
    <Text size="sm">
      {sayWholeLane(swap.from, t)} → {sayWholeLane(swap.to, t)}
    </Text>
  );
}

interface TimesProps {
  readonly shown: ShownReply;
  readonly createdAt: string;
}

function Times({ shown, createdAt }: TimesProps): JSX.Element {
  const { t, i18n } = useTranslation();
  const now = useNow();
  // The clocks of the browser and the gateway may differ by a little; below zero would look silly.
  const ms = Math.max(0, Math.floor((now - Date.parse(createdAt)) / 1_000) * 1_000);
  const time = formatDuration(ms, i18n.language);
  const isAtWork = shown.state === 'prompting' || shown.state === 'rendering' || shown.state === 'searching';
  const { wait } = shown;
  const eta =
    wait === null
      ? null
      : (sayEta({ p50Ms: wait.etaP50Ms, p90Ms: wait.etaP90Ms }, i18n.language, t) ?? t('reply.eta_unknown'));
  return (
    <Text size="sm" c="dimmed" className={classes['times'] ?? ''}>
      {[eta, t(isAtWork ? 'reply.working_for' : 'reply.waiting_for', { time })].filter(Boolean).join(' · ')}
    </Text>
  );
}
