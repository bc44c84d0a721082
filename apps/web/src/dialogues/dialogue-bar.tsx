import type { Dialogue } from '@baton/contracts';
import { Button, Group, Loader, Text } from '@mantine/core';
import { IconPlayerPlayFilled, IconPlayerStopFilled } from '@tabler/icons-react';
import type { JSX } from 'react';
import { useTranslation } from 'react-i18next';
import { sayBareCode } from '../i18n/i18n.ts';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { showError } from '../ui/show-error.ts';
import classes from './dialogue-bar.module.css';
import { useDialogue, useResumeDialogue, useStopDialogue } from './dialogue-queries.ts';

/** Below a chat between models, where a composer would be: how far it is, and the way to stop it or to let it go on. */
export function DialogueBar({ chatId }: { readonly chatId: number }): JSX.Element {
  const dialogue = useDialogue(chatId);
  return (
    <div className={classes['bar']}>
      {dialogue.isError && <ErrorNotice error={dialogue.error} onRetry={() => void dialogue.refetch()} />}
      {dialogue.data !== undefined && <Bar dialogue={dialogue.data} />}
    </div>
  );
}

function Bar({ dialogue }: { readonly dialogue: Dialogue }): JSX.Element {
  const { t } = useTranslation();
  const { state, turns, max_turns: most, participants, error_code: code } = dialogue;
  const isRunning = state === 'running';
  return (
    <Group justify="space-between" gap="sm" className={classes['box'] ?? ''}>
      <div className={classes['words']}>
        <Group gap="xs">
          {isRunning && <Loader size={14} type="dots" aria-hidden />}
          <Text size="sm" fw={600} role="status">
            {t(`chat.dialogue.state.${state}`)}
          </Text>
          <Text size="sm" c="dimmed">
            {t('chat.dialogue.turns', { turn: turns, most })}
          </Text>
        </Group>
        {code !== null && <Text size="sm">{sayBareCode(code)}</Text>}
        <ul className={classes['speakers']} aria-label={t('chat.dialogue.participants')}>
          {participants.map(({ index, model }) => (
            <li key={index} data-speaker={index}>
              {model}
            </li>
          ))}
        </ul>
      </div>
      <Turn dialogue={dialogue} />
    </Group>
  );
}

function Turn({ dialogue: { chat, state } }: { readonly dialogue: Dialogue }): JSX.Element | null {
  const { t } = useTranslation();
  const stop = useStopDialogue();
  const resume = useResumeDialogue();
  if (state === 'running') {
    return (
      <Button
        radius="xl"
        color="red.8"
        leftSection={<IconPlayerStopFilled size={15} aria-hidden />}
        loading={stop.isPending}
        onClick={() => stop.mutate(chat.id, { onError: showError })}
      >
        {t('chat.dialogue.stop')}
      </Button>
    );
  }
  if (state === 'done') return null;
  return (
    <Button
      radius="xl"
      leftSection={<IconPlayerPlayFilled size={15} aria-hidden />}
      loading={resume.isPending}
      onClick={() => resume.mutate(chat.id, { onError: showError })}
    >
      {t('chat.dialogue.resume')}
    </Button>
  );
}
